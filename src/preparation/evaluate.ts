import type { Node, Program } from './program.ts'

/** What a record holds; numbers and texts as their columns are. */
export type Values = Readonly<Record<string, number | string | null | undefined>>
type Cell = number | string | null
type Value = Cell | boolean
type Step = (record: Values, done: readonly Value[]) => Value

/**
 * A program as a function over one record: what `sql.ts` says to DuckDB, without one. The same to the bit but for `ln`, `exp` and
 * `pow`, which agree up to the last bit of a double.
 *
 * @returns the program's columns, in their order
 */
export function evaluator({ nodes, columns }: Program): (record: Values) => Cell[] {
  const steps = nodes.map(stepOf)
  return (record) => {
    const done = new Array<Value>(steps.length)
    for (let i = 0; i < steps.length; i++) done[i] = steps[i]!(record, done)
    return columns.map(({ node }) => done[node] as Cell)
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Of numbers that are all there. */
function numeric(of: readonly number[], compute: (a: number, b: number) => number): Step {
  const [a, b = a] = of as [number, number?]
  return (_, done) => {
    const [x, y] = [done[a]!, done[b]!]
    return x === null || y === null ? null : finite(compute(x as number, y as number))
  }
}

function compared(of: readonly number[], holds: (a: Value, b: Value) => boolean): Step {
  const [a, b] = of as [number, number]
  return (_, done) => {
    const [x, y] = [done[a]!, done[b]!]
    return x !== null && y !== null && holds(x, y)
  }
}

function stepOf(node: Node): Step {
  const of = 'of' in node ? node.of : []
  const [a, b, c] = of as [number, number, number]
  switch (node.op) {
    case 'number':
      return ({ [node.column]: raw }) => (typeof raw === 'number' ? finite(node.exact ? raw : Math.fround(raw)) : null)
    case 'text':
      return ({ [node.column]: raw }) => (typeof raw === 'string' && raw !== '' ? raw : null)
    case 'constant':
    case 'word':
      return () => node.value
    case '+':
      return numeric(of, (x, y) => x + y)
    case '-':
      return numeric(of, (x, y) => x - y)
    case '*':
      return numeric(of, (x, y) => x * y)
    case '/':
      return numeric(of, (x, y) => x / y)
    case '%':
      return numeric(of, (x, y) => x % y)
    case 'pow':
      // C says 1 where JavaScript says that it is no number.
      return numeric(of, (x, y) => (x === 1 ? 1 : x ** y))
    case 'min':
      return numeric(of, Math.min)
    case 'max':
      return numeric(of, Math.max)
    case 'neg':
      return numeric(of, (x) => -x)
    case 'ln':
      return numeric(of, Math.log)
    case 'abs':
    case 'exp':
    case 'sqrt':
    case 'floor':
    case 'ceil':
      return numeric(of, Math[node.op])
    case '==':
      return compared(of, (x, y) => x === y)
    case '!=':
      return (_, done) => done[a] === null || done[b] === null || done[a] !== done[b]
    case '<':
      return compared(of, (x, y) => x! < y!)
    case '<=':
      return compared(of, (x, y) => x! <= y!)
    case '>':
      return compared(of, (x, y) => x! > y!)
    case '>=':
      return compared(of, (x, y) => x! >= y!)
    case 'and':
      return (_, done) => Boolean(done[a]) && Boolean(done[b])
    case 'or':
      return (_, done) => Boolean(done[a]) || Boolean(done[b])
    case 'not':
      return (_, done) => !done[a]
    case 'missing':
      return (_, done) => done[a] === null
    case 'flag':
      return (_, done) => (done[a] ? 1 : 0)
    case 'if':
      return (_, done) => done[done[a] ? b : c]!
    case 'coalesce':
      return (_, done) => done[a] ?? done[b]!
    case 'clip': {
      const { low, high } = node
      return (_, done) => {
        const value = done[a] as number | null
        if (value === null) return null
        if (low !== null && value < low) return low
        return high !== null && value > high ? high : value
      }
    }
    case 'among': {
      const keys = new Set<Value>(node.keys)
      return (_, done) => keys.has(done[a]!)
    }
    case 'lookup':
    case 'replace': {
      const map = new Map<Value, Cell>(node.keys.map((key, i) => [key, node.values[i]!]))
      const { otherwise } = node
      return (_, done) => {
        const found = map.get(done[a]!)
        if (found !== undefined) return found
        if (otherwise === null || typeof otherwise === 'number') return otherwise
        return 'same' in otherwise ? done[a]! : otherwise.word
      }
    }
  }
}
