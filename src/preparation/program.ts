/**
 * What preparation computes from one row, step by step: plain data that DuckDB (`sql.ts`) and ONNX (`#trainer`) compute the
 * same way. A number is finite or missing, a text has characters or is missing, a condition holds or does not.
 */
export type Kind = 'number' | 'text' | 'condition'

export type Node =
  /** A raw number, rounded to float32 as a package takes it; what is beyond float32 is missing. `exact` leaves a double. */
  | { readonly op: 'number'; readonly column: string; readonly exact?: true }
  | { readonly op: 'text'; readonly column: string }
  /** `null`: missing. */
  | { readonly op: 'constant'; readonly value: number | null }
  | { readonly op: 'word'; readonly value: string | null }
  /** Missing when an operand is, or when the result is no finite number. */
  | { readonly op: Arithmetic; readonly of: readonly [number, number] }
  | { readonly op: Function1; readonly of: readonly [number] }
  /** Holds never where a side is missing. */
  | { readonly op: Comparison; readonly of: readonly [number, number] }
  | { readonly op: 'and' | 'or'; readonly of: readonly [number, number] }
  | { readonly op: 'not'; readonly of: readonly [number] }
  | { readonly op: 'missing'; readonly of: readonly [number] }
  /** 1 where the condition holds, else 0. */
  | { readonly op: 'flag'; readonly of: readonly [number] }
  | { readonly op: 'if'; readonly of: readonly [condition: number, yes: number, no: number] }
  /** The first where it is there, else the second. */
  | { readonly op: 'coalesce'; readonly of: readonly [number, number] }
  | { readonly op: 'clip'; readonly of: readonly [number]; readonly low: number | null; readonly high: number | null }
  /** Whether a text is one of these; `null` among them stands for a missing one. */
  | { readonly op: 'among'; readonly of: readonly [number]; readonly keys: readonly (string | null)[] }
  /** A number for a text; `null` among the keys stands for a missing one. */
  | {
      readonly op: 'lookup'
      readonly of: readonly [number]
      readonly keys: readonly (string | null)[]
      readonly values: readonly (number | null)[]
      readonly otherwise: number | null
    }
  /** A text for a text. */
  | {
      readonly op: 'replace'
      readonly of: readonly [number]
      readonly keys: readonly (string | null)[]
      readonly values: readonly (string | null)[]
      readonly otherwise: { readonly same: true } | { readonly word: string | null }
    }

export const ARITHMETIC = ['+', '-', '*', '/', '%', 'pow', 'min', 'max'] as const
export type Arithmetic = (typeof ARITHMETIC)[number]
export const FUNCTIONS_1 = ['neg', 'abs', 'ln', 'exp', 'sqrt', 'floor', 'ceil'] as const
export type Function1 = (typeof FUNCTIONS_1)[number]
export const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='] as const
export type Comparison = (typeof COMPARISONS)[number]

export interface Column {
  readonly name: string
  readonly kind: 'number' | 'text'
  /** Its node. */
  readonly node: number
}

export interface Program {
  /** In an order in which each needs only those before. */
  readonly nodes: readonly Node[]
  /** What comes out. */
  readonly columns: readonly Column[]
}

export function operandsOf(node: Node): readonly number[] {
  return 'of' in node ? node.of : []
}

/** Nodes, each once, and the columns that are there after the steps so far. */
export class ProgramBuilder {
  readonly nodes: Node[] = []
  private readonly known = new Map<string, number>()
  private columns: Map<string, Column>

  constructor(inputs: readonly { name: string; kind: 'number' | 'text' }[]) {
    this.columns = new Map(
      inputs.map(({ name, kind }) => [name, { name, kind, node: this.add({ op: kind, column: name }) }]),
    )
  }

  add(node: Node): number {
    const key = JSON.stringify(node)
    const known = this.known.get(key)
    if (known !== undefined) return known
    this.known.set(key, this.nodes.length)
    return this.nodes.push(node) - 1
  }

  /** The columns in their order. */
  all(): Column[] {
    return [...this.columns.values()]
  }

  column(name: string): Column | undefined {
    return this.columns.get(name)
  }

  /** In the place of the column with that name, or behind the last. */
  set(name: string, kind: Column['kind'], node: number): void {
    this.columns.set(name, { name, kind, node })
  }

  /** Puts columns where another stood, which goes. */
  replace(name: string, by: readonly Column[]): void {
    const columns = this.all().flatMap((one) => (one.name === name ? by : [one]))
    this.columns = new Map(columns.map((one) => [one.name, one]))
  }

  drop(name: string): void {
    this.columns.delete(name)
  }

  /** What the columns need, and nothing else. */
  program(): Program {
    return programOf(this.nodes, this.all())
  }
}

/** Some columns, and of the nodes those that they need. */
export function programOf(nodes: readonly Node[], columns: readonly Column[]): Program {
  const needed = new Set<number>()
  const visit = (at: number): void => {
    if (needed.has(at)) return
    needed.add(at)
    for (const below of operandsOf(nodes[at]!)) visit(below)
  }
  for (const { node } of columns) visit(node)
  const order = [...needed].sort((a, b) => a - b)
  const place = new Map(order.map((at, i) => [at, i]))
  const moved = order.map((at) => {
    const node = nodes[at]!
    return 'of' in node ? ({ ...node, of: node.of.map((one) => place.get(one)!) } as unknown as Node) : node
  })
  return { nodes: moved, columns: columns.map((one) => ({ ...one, node: place.get(one.node)! })) }
}

export function kindOf(nodes: readonly Node[], at: number): Kind {
  const node = nodes[at]!
  switch (node.op) {
    case 'text':
    case 'word':
    case 'replace':
      return 'text'
    case 'if':
      return kindOf(nodes, node.of[1])
    case 'coalesce':
      return kindOf(nodes, node.of[0])
    case 'and':
    case 'or':
    case 'not':
    case 'missing':
    case 'among':
      return 'condition'
    default:
      return (COMPARISONS as readonly string[]).includes(node.op) ? 'condition' : 'number'
  }
}

/** How deep each node stands: 0 needs nothing. */
export function depthsOf(nodes: readonly Node[]): number[] {
  const depths: number[] = []
  for (const node of nodes) depths.push(Math.max(-1, ...operandsOf(node).map((one) => depths[one]!)) + 1)
  return depths
}
