import type { Node, Program } from './program.ts'

export type Cell = number | string | null
type Value = Cell | boolean

/** A program over one record, the slow and plain way. Used by tests only. */
export function evaluatePlainly({ nodes, columns }: Program, record: Readonly<Record<string, Cell>>): Cell[] {
  const value = (at: number): Value => nodeValue(nodes[at]!, value, record)
  return columns.map((column) => value(column.node) as Cell)
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

function nodeValue(node: Node, value: (at: number) => Value, record: Readonly<Record<string, Cell>>): Value {
  const of = 'of' in node ? node.of.map((at) => value(at)) : []
  const [a, b] = of as [Value, Value]
  const anyMissing = of.includes(null)
  const number = (result: (x: number, y: number) => number) =>
    anyMissing ? null : finite(result(a as number, b as number))
  switch (node.op) {
    case 'number': {
      const raw = record[node.column]
      return raw === null || raw === undefined ? null : finite(Math.fround(raw as number))
    }
    case 'text':
      return record[node.column] || null
    case 'constant':
    case 'word':
      return node.value
    case '+':
      return number((x, y) => x + y)
    case '-':
      return number((x, y) => x - y)
    case '*':
      return number((x, y) => x * y)
    case '/':
      return number((x, y) => x / y)
    case '%':
      return number((x, y) => x % y)
    case 'pow':
      // C says 1 where JavaScript says that it is no number.
      return number((x, y) => (x === 1 ? 1 : x ** y))
    case 'min':
      return number(Math.min)
    case 'max':
      return number(Math.max)
    case 'neg':
      return number((x) => -x)
    case 'abs':
    case 'exp':
    case 'sqrt':
    case 'floor':
    case 'ceil':
      return number((x) => Math[node.op as 'abs'](x))
    case 'ln':
      return number(Math.log)
    case '==':
      return !anyMissing && a === b
    case '!=':
      return anyMissing || a !== b
    case '<':
      return !anyMissing && a! < b!
    case '<=':
      return !anyMissing && a! <= b!
    case '>':
      return !anyMissing && a! > b!
    case '>=':
      return !anyMissing && a! >= b!
    case 'and':
      return Boolean(a) && Boolean(b)
    case 'or':
      return Boolean(a) || Boolean(b)
    case 'not':
      return !a
    case 'missing':
      return a === null
    case 'flag':
      return a ? 1 : 0
    case 'if':
      return of[a ? 1 : 2]!
    case 'coalesce':
      return a ?? b
    case 'clip': {
      if (a === null) return null
      if (node.low !== null && (a as number) < node.low) return node.low
      return node.high !== null && (a as number) > node.high ? node.high : a
    }
    case 'among':
      return node.keys.includes(a as string | null)
    case 'lookup': {
      const at = node.keys.indexOf(a as string | null)
      return at < 0 ? node.otherwise : node.values[at]!
    }
    case 'replace': {
      const at = node.keys.indexOf(a as string | null)
      return at >= 0 ? node.values[at]! : 'same' in node.otherwise ? a : node.otherwise.word
    }
  }
}
