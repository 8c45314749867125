import { kindOf, type Node, type Preparation } from '#preparation'
import { GraphBuilder } from './graph.ts'
import { DOUBLE, FLOAT } from './inputs.ts'

/** `to` of a Cast. */
const BOOL = 9
/** The largest float32, and a little. */
const LARGEST_RAW = 3.5e38
/** Below it a sum or product is surely finite. */
const SAFE = 1e300

/**
 * Adds what prepares a raw record, and the inputs it reads: every node of the program as the operators that give the same number
 * as DuckDB. Numbers are double, `NaN` where missing; texts are strings, empty where missing; all are [rows, 1].
 *
 * @returns the value of each prepared column: float32 or string, as the model's own inputs would be
 */
export function preparationGraph(graph: GraphBuilder, preparation: Preparation): ReadonlyMap<string, string> {
  const { nodes, columns } = preparation.program
  for (const { name, kind } of preparation.inputs) graph.input(name, kind === 'number' ? 'float' : 'string')
  const nan = graph.doubles([Number.NaN], [1, 1])
  const values: string[] = []
  const bounds: number[] = []
  for (const node of nodes) {
    const of = ('of' in node ? node.of : []) as readonly number[]
    const bound = boundOf(
      node,
      of.map((at) => bounds[at]!),
    )
    const operands = of.map((at) => values[at]!)
    const isText = of.length > 0 && kindOf(nodes, of[0]!) === 'text'
    const value = nodeValue(graph, node, operands, isText, nan)
    const mayOverflow = ['+', '-', '*', '/', 'pow', 'exp', 'ln'].includes(node.op) && !(bound < SAFE)
    values.push(mayOverflow || node.op === 'number' ? finite(graph, value, nan) : value)
    bounds.push(Math.min(bound, Number.MAX_VALUE))
  }
  return new Map(
    columns.map(({ name, kind, node }) => [
      name,
      kind === 'number' ? graph.node('Cast', [values[node]!], { to: FLOAT }) : values[node]!,
    ]),
  )
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
  const values = preparationGraph(graph, preparation)
  for (const { name, kind } of columns) {
    graph.node('Identity', [values.get(name)!], {}, preparedOutput(name))
    graph.output(preparedOutput(name), kind === 'number' ? 'float' : 'string', [1])
  }
  return graph.finish('orrery-preparation', { producer: 'orrery', preparation: JSON.stringify(preparation) })
}

const finite = (graph: GraphBuilder, value: string, nan: string) =>
  graph.node('Where', [graph.node('IsInf', [value]), nan, value])

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

function nodeValue(graph: GraphBuilder, node: Node, operands: string[], isText: boolean, nan: string): string {
  const [a, b] = operands as [string, string]
  const operator = OPERATORS[node.op]
  if (operator) return graph.node(operator, operands)
  switch (node.op) {
    case 'number':
      return graph.node('Cast', [node.column], { to: DOUBLE })
    case 'text':
      return node.column
    case 'constant':
      return graph.doubles([node.value ?? Number.NaN], [1, 1])
    case 'word':
      return graph.texts([node.value ?? ''], [1, 1])
    case '%':
      return graph.node('Mod', [a, b], { fmod: 1 })
    case 'min':
    case 'max': {
      const better = graph.node(node.op === 'min' ? 'LessOrEqual' : 'GreaterOrEqual', [a, b])
      // A comparison with a missing number does not hold: `b` is taken, so only `a` has to be looked at.
      return graph.node('Where', [graph.node('IsNaN', [a]), nan, graph.node('Where', [better, a, b])])
    }
    case 'pow': {
      // C's pow says 1 for 1 to the power of what is missing, and for what is missing to the power of 0.
      const missing = graph.node('IsNaN', [graph.node('Add', [a, b])])
      return graph.node('Where', [missing, nan, graph.node('Pow', [a, b])])
    }
    case '!=':
      return graph.node('Not', [graph.node('Equal', [a, b])])
    case 'missing':
      return isText ? among(graph, a, ['']) : graph.node('IsNaN', [a])
    case 'flag':
      return graph.node('Cast', [a], { to: DOUBLE })
    case 'coalesce': {
      const missing = isText ? among(graph, a, ['']) : graph.node('IsNaN', [a])
      return graph.node('Where', [missing, b, a])
    }
    case 'clip': {
      const end = (value: string, of: number | null, op: 'Less' | 'Greater') => {
        if (of === null) return value
        const bound = graph.doubles([of], [1, 1])
        return graph.node('Where', [graph.node(op, [value, bound]), bound, value])
      }
      return end(end(a, node.high, 'Greater'), node.low, 'Less')
    }
    case 'among':
      return among(
        graph,
        a,
        node.keys.map((key) => key ?? ''),
      )
    case 'lookup': {
      const table = [node.otherwise, ...node.values].map((value) => value ?? Number.NaN)
      return graph.node('Gather', [graph.doubles(table, [table.length]), placeOf(graph, a, node.keys)])
    }
    case 'replace': {
      const { otherwise } = node
      const table = ['same' in otherwise ? null : otherwise.word, ...node.values].map((value) => value ?? '')
      const place = placeOf(graph, a, node.keys)
      const replaced = graph.node('Gather', [graph.texts(table), place])
      return 'same' in otherwise
        ? graph.node('Where', [graph.node('Cast', [place], { to: BOOL }), replaced, a])
        : replaced
    }
  }
  throw new TypeError(`no operator computes ${node.op}`)
}

/** Which of the keys a text is, from 1; 0 for none. */
function placeOf(graph: GraphBuilder, text: string, keys: readonly (string | null)[]): string {
  const known = new Map<string, number>()
  keys.forEach((key, i) => {
    if (!known.has(key ?? '')) known.set(key ?? '', i + 1)
  })
  return graph.node('LabelEncoder', [text], {
    keys_strings: { strings: [...known.keys()] },
    values_int64s: { ints: [...known.values()] },
    default_int64: 0,
  })
}

const among = (graph: GraphBuilder, text: string, keys: readonly string[]) =>
  graph.node('Cast', [placeOf(graph, text, keys)], { to: BOOL })
