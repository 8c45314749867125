import { kindOf, type Node, type Preparation, simplify } from '#preparation'
import { type Cell, type CellType, constant, type Matrix, type PreparedColumns, single, together } from './columns.ts'
import { GraphBuilder } from './graph.ts'
import { DOUBLE, FLOAT } from './inputs.ts'
import { type Lookup, lookUp, placeOfText } from './lookups.ts'

/** `to` of a Cast. */
const BOOL = 9
/** The largest float32, and a little. */
const LARGEST_RAW = 3.5e38
/** Below it a sum or product is surely finite. */
const SAFE = 1e300

/**
 * Adds what prepares a raw record, and the inputs it reads: every node of the program as the operators that give the same number
 * as DuckDB. Numbers are double, `NaN` where missing; texts are strings, empty where missing.
 *
 * What is done to many columns is done to all of them at once: nodes that can be computed by now and are of the same kind become
 * one operator over a matrix, the kind with the most of them first. A recipe of a thousand columns has a few dozen operators.
 */
export function preparationGraph(graph: GraphBuilder, preparation: Preparation): PreparedColumns {
  const { nodes, columns } = simplify(preparation.program)
  for (const { name, kind } of preparation.inputs) graph.input(name, kind === 'number' ? 'float' : 'string')
  const cells = new Array<Cell>(nodes.length)
  const bounds = boundsOf(nodes)
  for (const group of schedule(nodes, cells)) compute(graph, nodes, group, cells, bounds)

  const nodeOf = new Map(columns.map(({ name, node }) => [name, node]))
  const kinds = new Map(columns.map(({ name, kind }) => [name, kind]))
  const numbers = columns.filter(({ kind }) => kind === 'number')
  // Rounded once, all of them.
  const floats =
    numbers.length === 0
      ? undefined
      : graph.node(
          'Cast',
          [
            together(
              graph,
              numbers.map(({ node }) => cells[node]!),
            ),
          ],
          { to: FLOAT },
        )
  const rounded: Matrix = { name: floats ?? '', columns: numbers.length, type: 'double', constant: false }
  const places = new Map(numbers.map(({ name }, at) => [name, at]))
  const cellOf = (name: string): Cell =>
    kinds.get(name) === 'number' ? { matrix: rounded, at: places.get(name)! } : cells[nodeOf.get(name)!]!
  return {
    column: (name) => together(graph, [cellOf(name)]),
    sideBySide: (names) => together(graph, names.map(cellOf)),
  }
}

/** Name of the output that holds a prepared column, in a graph that only prepares. */
export const preparedOutput = (column: string) => `prepared/${column}`

/** The preparation alone as an ONNX graph: raw columns in, prepared ones out, each under `preparedOutput` of its name. */
export function exportPreparation(preparation: Preparation): Uint8Array {
  const { columns } = preparation.program
  const graph = new GraphBuilder([
    ...preparation.inputs.map((input) => input.name),
    ...columns.map((column) => preparedOutput(column.name)),
  ])
  const prepared = preparationGraph(graph, preparation)
  for (const { name, kind } of columns) {
    graph.node('Identity', [prepared.column(name)], {}, preparedOutput(name))
    graph.output(preparedOutput(name), kind === 'number' ? 'float' : 'string', [1])
  }
  return graph.finish('orrery-preparation', { producer: 'orrery', preparation: JSON.stringify(preparation) })
}

/** Nodes that are computed at once, one group after the other. */
function* schedule(nodes: readonly Node[], cells: readonly (Cell | undefined)[]): Generator<number[]> {
  const ready = new Map<string, number[]>()
  const users = nodes.map((): number[] => [])
  const waits = nodes.map((node) => new Set(operandsOf(node)).size)
  nodes.forEach((node, at) => {
    for (const operand of new Set(operandsOf(node))) users[operand]!.push(at)
  })
  const enter = (at: number) => {
    const key = groupOf(nodes, at, cells)
    const group = ready.get(key)
    if (group) group.push(at)
    else ready.set(key, [at])
  }
  nodes.forEach((_, at) => {
    if (waits[at] === 0) enter(at)
  })
  while (ready.size > 0) {
    // What costs nothing comes first: all that waits for it is then there at once.
    const key = ready.has(FREE)
      ? FREE
      : [...ready].reduce((most, one) => (one[1].length > most[1].length ? one : most))[0]
    const group = ready.get(key)!
    ready.delete(key)
    yield group
    for (const at of group) for (const user of users[at]!) if (--waits[user]! === 0) enter(user)
  }
}

const FREE = 'free'

/** Neither a constant nor a text that comes in is any work. */
const isFree = ({ op }: Node) => op === 'constant' || op === 'word' || op === 'text'

const operandsOf = (node: Node): readonly number[] => ('of' in node ? node.of : [])

/** Nodes of one group are computed by the same operators; a constant stands in one row, all else in as many as there are. */
function groupOf(nodes: readonly Node[], at: number, cells: readonly (Cell | undefined)[]): string {
  const node = nodes[at]!
  if (isFree(node)) return FREE
  // A text that is replaced has a table of its own.
  if (node.op === 'replace') return `replace ${at}`
  const shapes = operandsOf(node).map((of) => `${cells[of]!.matrix.type}${cells[of]!.matrix.constant ? 1 : ''}`)
  return [node.op === 'among' ? 'lookup' : node.op, ...shapes].join(' ')
}

function compute(
  graph: GraphBuilder,
  nodes: readonly Node[],
  group: readonly number[],
  cells: Cell[],
  bounds: readonly number[],
): void {
  const [first] = group
  const node = nodes[first!]!
  if (isFree(node)) {
    for (const at of group) cells[at] = freeCell(graph, nodes[at]!)
    return
  }
  if (node.op === 'lookup' || node.op === 'among') {
    const lookups = group.map((at) => lookupOf(nodes[at] as Lookable, cells))
    lookUp(graph, lookups).forEach((cell, i) => {
      cells[group[i]!] = cell
    })
  } else {
    // In the order in which the first operands stand: mostly they need not be moved at all.
    const ordered = inPlace(group, nodes, cells)
    const operand = (k: number) =>
      together(
        graph,
        ordered.map((at) => cells[operandsOf(nodes[at]!)[k]!]!),
      )
    const value = computed(
      graph,
      ordered.map((at) => nodes[at]!),
      operand,
      cells,
    )
    const type = typeOf(nodes, first!)
    const mayOverflow =
      node.op === 'number' ||
      (['+', '-', '*', '/', 'pow', 'exp', 'ln'].includes(node.op) && ordered.some((at) => !(bounds[at]! < SAFE)))
    const fixed = operandsOf(node).length > 0 && operandsOf(node).every((of) => cells[of]!.matrix.constant)
    const matrix: Matrix = {
      name: mayOverflow ? finite(graph, value) : value,
      columns: ordered.length,
      type,
      constant: fixed,
    }
    ordered.forEach((at, i) => {
      cells[at] = { matrix, at: i }
    })
  }
}

function freeCell(graph: GraphBuilder, node: Node): Cell {
  if (node.op === 'constant') return constant(graph, node.value ?? Number.NaN)
  if (node.op === 'word') return constant(graph, node.value ?? '')
  return single((node as Extract<Node, { op: 'text' }>).column, 'text')
}

type Lookable = Extract<Node, { op: 'lookup' | 'among' }>

function lookupOf(node: Lookable, cells: readonly Cell[]): Lookup {
  const text = cells[node.of[0]]!
  return node.op === 'among'
    ? { text, keys: node.keys, values: node.keys.map(() => 1), otherwise: 0, condition: true }
    : { text, keys: node.keys, values: node.values, otherwise: node.otherwise, condition: false }
}

/** Nodes in the order in which the columns stand that they work on. */
function inPlace(group: readonly number[], nodes: readonly Node[], cells: readonly Cell[]): number[] {
  const matrices = new Map<Matrix, number>()
  const place = (at: number): [matrix: number, column: number] => {
    const [first] = operandsOf(nodes[at]!)
    if (first === undefined) return [0, at]
    const { matrix, at: column } = cells[first]!
    if (!matrices.has(matrix)) matrices.set(matrix, matrices.size)
    return [matrices.get(matrix)!, column]
  }
  const placed = group.map((at) => ({ at, place: place(at) }))
  placed.sort((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1] || a.at - b.at)
  return placed.map(({ at }) => at)
}

function typeOf(nodes: readonly Node[], at: number): CellType {
  const kind = kindOf(nodes, at)
  return kind === 'number' ? 'double' : kind === 'condition' ? 'bool' : 'text'
}

const finite = (graph: GraphBuilder, value: string) =>
  graph.node('Where', [graph.node('IsInf', [value]), missing(graph), value])

const missing = (graph: GraphBuilder) => graph.doubles([Number.NaN], [1, 1])

function boundsOf(nodes: readonly Node[]): number[] {
  const bounds: number[] = []
  for (const node of nodes) {
    const bound = boundOf(
      node,
      operandsOf(node).map((at) => bounds[at]!),
    )
    bounds.push(['+', '-', '*', '/', 'pow', 'exp', 'ln'].includes(node.op) ? bound : Math.min(bound, Number.MAX_VALUE))
  }
  return bounds
}

/** How large a number can be; what is not known can be anything. */
function boundOf(node: Node, of: readonly number[]): number {
  switch (node.op) {
    case 'number':
      return LARGEST_RAW
    case 'constant':
      return Math.abs(node.value ?? 0)
    case '+':
    case '-':
      return of[0]! + of[1]!
    case '*':
      return of[0]! * of[1]!
    case 'lookup':
      return Math.max(0, ...[...node.values, node.otherwise].map((value) => Math.abs(value ?? 0)))
    case 'if':
      return Math.max(of[1]!, of[2]!)
    case 'coalesce':
    case 'min':
    case 'max':
      return Math.max(...of)
    case 'clip':
      return Math.max(of[0]!, Math.abs(node.low ?? 0), Math.abs(node.high ?? 0))
    case 'neg':
    case 'abs':
    case '%':
      return of[0]!
    case 'floor':
    case 'ceil':
      return of[0]! + 1
    case 'flag':
      return 1
    default:
      return Number.POSITIVE_INFINITY
  }
}

const OPERATORS: Partial<Record<Node['op'], string>> = {
  '+': 'Add',
  '-': 'Sub',
  '*': 'Mul',
  '/': 'Div',
  neg: 'Neg',
  abs: 'Abs',
  ln: 'Log',
  exp: 'Exp',
  sqrt: 'Sqrt',
  floor: 'Floor',
  ceil: 'Ceil',
  '==': 'Equal',
  '<': 'Less',
  '<=': 'LessOrEqual',
  '>': 'Greater',
  '>=': 'GreaterOrEqual',
  and: 'And',
  or: 'Or',
  not: 'Not',
  if: 'Where',
}

/** What a group of nodes is: nodes of one kind, and their operands beside each other. */
function computed(
  graph: GraphBuilder,
  group: readonly Node[],
  operand: (k: number) => string,
  cells: readonly Cell[],
): string {
  const node = group[0]!
  const operator = OPERATORS[node.op]
  if (operator)
    return graph.node(
      operator,
      operandsOf(node).map((_, k) => operand(k)),
    )
  switch (node.op) {
    case 'number':
      return graph.node(
        'Cast',
        [
          together(
            graph,
            group.map((one) => rawCell(one)),
          ),
        ],
        { to: DOUBLE },
      )
    case '%':
      return graph.node('Mod', [operand(0), operand(1)], { fmod: 1 })
    case 'min':
    case 'max': {
      const [a, b] = [operand(0), operand(1)]
      const better = graph.node(node.op === 'min' ? 'LessOrEqual' : 'GreaterOrEqual', [a, b])
      // A comparison with a missing number does not hold: `b` is taken, so only `a` has to be looked at.
      return graph.node('Where', [graph.node('IsNaN', [a]), missing(graph), graph.node('Where', [better, a, b])])
    }
    case 'pow': {
      // C's pow says 1 for 1 to the power of what is missing, and for what is missing to the power of 0.
      const [a, b] = [operand(0), operand(1)]
      const lacks = graph.node('IsNaN', [graph.node('Add', [a, b])])
      return graph.node('Where', [lacks, missing(graph), graph.node('Pow', [a, b])])
    }
    case '!=':
      return graph.node('Not', [graph.node('Equal', [operand(0), operand(1)])])
    case 'missing':
      return isMissing(graph, operand(0), cells[node.of[0]]!.matrix.type)
    case 'flag':
      return graph.node('Cast', [operand(0)], { to: DOUBLE })
    case 'coalesce': {
      const a = operand(0)
      return graph.node('Where', [isMissing(graph, a, cells[node.of[0]]!.matrix.type), operand(1), a])
    }
    case 'clip':
      return clipped(graph, group as Extract<Node, { op: 'clip' }>[], operand(0))
    case 'replace': {
      const { otherwise } = node
      const text = operand(0)
      const table = ['same' in otherwise ? null : otherwise.word, ...node.values].map((value) => value ?? '')
      const place = placeOfText(graph, text, node.keys)
      const replaced = graph.node('Gather', [graph.texts(table), place])
      return 'same' in otherwise
        ? graph.node('Where', [graph.node('Cast', [place], { to: BOOL }), replaced, text])
        : replaced
    }
  }
  throw new TypeError(`no operator computes ${node.op}`)
}

const rawCell = (node: Node) => single((node as Extract<Node, { op: 'number' }>).column, 'double')

const isMissing = (graph: GraphBuilder, value: string, type: CellType) =>
  type === 'text' ? graph.node('Cast', [placeOfText(graph, value, [null])], { to: BOOL }) : graph.node('IsNaN', [value])

/** What has no end there is not clipped: nothing lies beyond infinity. */
function clipped(graph: GraphBuilder, group: readonly Extract<Node, { op: 'clip' }>[], value: string): string {
  const end = (from: string, ends: readonly number[], op: 'Less' | 'Greater') => {
    if (ends.every((of) => !Number.isFinite(of))) return from
    const bound = graph.doubles(ends, [1, ends.length])
    return graph.node('Where', [graph.node(op, [from, bound]), bound, from])
  }
  const highs = group.map(({ high }) => high ?? Number.POSITIVE_INFINITY)
  const lows = group.map(({ low }) => low ?? Number.NEGATIVE_INFINITY)
  return end(end(value, highs, 'Greater'), lows, 'Less')
}
