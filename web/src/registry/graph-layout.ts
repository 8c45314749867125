import type { GraphStep } from '#runtime/contract'

/** What is drawn of a graph, from left to right; sizes in pixels. */
export interface Drawn {
  readonly width: number
  readonly height: number
  readonly nodes: readonly DrawnNode[]
  readonly edges: readonly DrawnEdge[]
}
export interface DrawnNode {
  readonly kind: 'part' | 'switch' | 'combine' | 'end'
  readonly name: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
export interface DrawnEdge {
  readonly from: readonly [x: number, y: number]
  readonly to: readonly [x: number, y: number]
  readonly label: string | null
  /** Beside which end its label stands. */
  readonly at: 'from' | 'to'
}

/** A step on its way into the picture: where it is entered and left. */
interface Block extends Drawn {
  readonly entry: readonly [number, number]
  readonly exit: readonly [number, number]
}

const PART = { width: 150, height: 44 }
const SMALL = { width: 78, height: 34 }
const GAP = 18
const ARROW = 46
/** A condition is written along its arrow. */
const CONDITION = 190

/** The places of everything in the picture of a graph, between the record and its answer. */
export function drawGraph(answer: GraphStep): Drawn {
  const block = draw(answer)
  const left = SMALL.width + ARROW
  const y = block.entry[1]
  const width = left + block.width + ARROW + SMALL.width
  const inner = shifted(block, left, 0)
  const end = (name: string, x: number, at: number): DrawnNode => ({
    ...{ kind: 'end' as const, name, x, y: at - SMALL.height / 2 },
    ...SMALL,
  })
  return {
    width,
    height: block.height,
    nodes: [end('record', 0, y), ...inner.nodes, end('answer', width - SMALL.width, inner.exit[1])],
    edges: [
      { from: [SMALL.width, y], to: inner.entry, label: null, at: 'from' },
      ...inner.edges,
      { from: inner.exit, to: [width - SMALL.width, inner.exit[1]], label: null, at: 'from' as const },
    ],
  }
}

function draw(step: GraphStep): Block {
  if (typeof step === 'string') return box('part', step, PART)
  if ('chain' in step) return drawChain(step.chain)
  if ('combine' in step) {
    const sum = step.weights?.reduce((total, weight) => total + weight, 0) ?? 1
    const labels = step.combine.map((_, i) => (step.weights ? `${Math.round((100 * step.weights[i]!) / sum)} %` : null))
    return drawCombine(step.combine.map(draw), step.by, labels)
  }
  return drawSwitch(step.switch)
}

function box(kind: DrawnNode['kind'], name: string, { width, height }: typeof PART): Block {
  return {
    ...{ width, height, edges: [], entry: [0, height / 2], exit: [width, height / 2] },
    nodes: [{ kind, name, x: 0, y: 0, width, height }],
  }
}

function drawChain(steps: readonly GraphStep[]): Block {
  const blocks = steps.map(draw)
  const middle = Math.max(...blocks.map(({ entry }) => entry[1]))
  let x = 0
  const placed = blocks.map((block) => {
    const here = shifted(block, x, middle - block.entry[1])
    x += block.width + ARROW
    return here
  })
  const between = placed
    .slice(1)
    .map((next, i): DrawnEdge => ({ from: placed[i]!.exit, to: next.entry, label: null, at: 'from' }))
  return {
    width: x - ARROW,
    height: Math.max(...placed.map((block, i) => middle - blocks[i]!.entry[1] + block.height)),
    nodes: placed.flatMap(({ nodes }) => nodes),
    edges: [...placed.flatMap(({ edges }) => edges), ...between],
    entry: placed[0]!.entry,
    exit: placed.at(-1)!.exit,
  }
}

/** Blocks under each other, and the width of the widest. */
function stacked(blocks: readonly Block[], x: number): { placed: Block[]; width: number; height: number } {
  let y = 0
  const placed = blocks.map((block) => {
    const here = shifted(block, x, y)
    y += block.height + GAP
    return here
  })
  return { placed, width: Math.max(...blocks.map(({ width }) => width)), height: y - GAP }
}

function drawCombine(blocks: readonly Block[], by: string, labels: readonly (string | null)[]): Block {
  const { placed, width, height } = stacked(blocks, ARROW)
  const x = ARROW + width + ARROW + 30
  const joint = shifted(box('combine', by, SMALL), x, height / 2 - SMALL.height / 2)
  const entry = [0, height / 2] as const
  return {
    width: x + SMALL.width,
    height,
    nodes: [...placed.flatMap(({ nodes }) => nodes), ...joint.nodes],
    edges: [
      ...placed.flatMap((block, i) => [
        { from: entry, to: block.entry, label: null, at: 'from' as const },
        ...block.edges,
        { from: block.exit, to: joint.entry, label: labels[i] ?? null, at: 'from' as const },
      ]),
    ],
    entry,
    exit: joint.exit,
  }
}

function drawSwitch(branches: readonly { when?: string | undefined; use: GraphStep }[]): Block {
  const left = SMALL.width + CONDITION
  const { placed, width, height } = stacked(
    branches.map(({ use }) => draw(use)),
    left,
  )
  const chooser = shifted(box('switch', 'switch', SMALL), 0, height / 2 - SMALL.height / 2)
  const exit = [left + width + ARROW, height / 2] as const
  return {
    width: exit[0],
    height,
    nodes: [...chooser.nodes, ...placed.flatMap(({ nodes }) => nodes)],
    edges: placed.flatMap((block, i) => [
      { from: chooser.exit, to: block.entry, label: branches[i]!.when ?? 'otherwise', at: 'to' as const },
      ...block.edges,
      { from: block.exit, to: exit, label: null, at: 'from' as const },
    ]),
    entry: chooser.entry,
    exit,
  }
}

function shifted(block: Block, dx: number, dy: number): Block {
  const point = ([x, y]: readonly [number, number]) => [x + dx, y + dy] as const
  return {
    ...block,
    nodes: block.nodes.map((node) => ({ ...node, x: node.x + dx, y: node.y + dy })),
    edges: block.edges.map((edge) => ({ ...edge, from: point(edge.from), to: point(edge.to) })),
    entry: point(block.entry),
    exit: point(block.exit),
  }
}

export function isStep(step: unknown): step is GraphStep {
  if (typeof step === 'string') return true
  const { chain, combine, switch: branches } = (step ?? {}) as Record<string, unknown>
  if (Array.isArray(branches)) return branches.every((branch) => isStep(branch?.use))
  const all = chain ?? combine
  return Array.isArray(all) && all.length > 0 && all.every(isStep)
}

/** The same in words, for who does not see it. */
export function graphInWords(step: GraphStep): string {
  if (typeof step === 'string') return step
  if ('chain' in step) return step.chain.map(graphInWords).join(', then ')
  if ('combine' in step) return `the ${step.by} of ${step.combine.map(graphInWords).join(' and ')}`
  return step.switch
    .map(({ when, use }) => (when === undefined ? `otherwise ${graphInWords(use)}` : `if ${when} ${graphInWords(use)}`))
    .join('; ')
}
