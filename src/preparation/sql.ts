import { depthsOf, type Node, type Program } from './program.ts'

/** `column` as an identifier. */
const name = (column: string) => `"${column.replaceAll('"', '""')}"`
const text = (value: string) => `'${value.replaceAll("'", "''")}'`
// As a text: a literal is a decimal first, which loses the last bit of a long one.
const number = (value: number | null) => (value === null ? 'NULL::DOUBLE' : `'${value}'::DOUBLE`)
const word = (value: string | null) => (value === null ? 'NULL::VARCHAR' : text(value))

/**
 * A program as SQL for DuckDB over the rows of `from`. Nodes of one depth are computed side by side, and each is named once: the
 * statement grows with the program and not with the ways through it.
 *
 * @param from a relation with the raw columns
 * @param keep other columns of `from` that are wanted besides
 * @returns a SELECT of the program's columns as `p0`, `p1`, … (names may differ only by case, which SQL does not tell apart):
 *   numbers DOUBLE, texts VARCHAR, `NULL` where missing
 */
export function programSql({ nodes, columns }: Program, from: string, keep: readonly string[] = []): string {
  const depths = depthsOf(nodes)
  const deepest = Math.max(0, ...depths)
  let relation = from
  for (let depth = 0; depth <= deepest; depth++) {
    const here = nodes.flatMap((node, at) => (depths[at] === depth ? [`${sqlOf(node)} AS ${placed(at)}`] : []))
    // Raw columns are behind once their nodes are there.
    const before = depth === 0 ? keep.map(name) : ['*']
    relation = `(SELECT ${[...before, ...here].join(', ')} FROM ${relation})`
  }
  const out = columns.map((column, i) => `${placed(column.node)} AS p${i}`)
  return `SELECT ${[...keep.map(name), ...out].join(', ')} FROM ${relation}`
}

/** The column of a node. No table has a column of that name by chance. */
const placed = (at: number) => `"·${at}"`

function sqlOf(node: Node): string {
  const [a, b, c] = ('of' in node ? node.of : []).map(placed) as [string, string, string]
  switch (node.op) {
    case 'number':
      return node.exact ? finite(`${name(node.column)}::DOUBLE`) : `TRY_CAST(${name(node.column)} AS FLOAT)::DOUBLE`
    case 'text':
      return `nullif(${name(node.column)}, '')`
    case 'constant':
      return number(node.value)
    case 'word':
      return word(node.value)
    case '+':
    case '-':
    case '*':
      return finite(`${a} ${node.op} ${b}`)
    case '/':
      return `CASE WHEN ${b} <> 0 AND isfinite(${a} / ${b}) THEN ${a} / ${b} END`
    case '%':
      return `CASE WHEN ${b} <> 0 THEN ${a} % ${b} END`
    case 'pow':
      return finite(`pow(${a}, ${b})`)
    case 'min':
    case 'max': {
      const better = node.op === 'min' ? '<=' : '>='
      return `CASE WHEN ${a} IS NOT NULL AND ${b} IS NOT NULL THEN CASE WHEN ${a} ${better} ${b} THEN ${a} ELSE ${b} END END`
    }
    case 'neg':
      return `-${a}`
    case 'abs':
      return `abs(${a})`
    case 'ln':
      return `CASE WHEN ${a} > 0 THEN ln(${a}) END`
    case 'exp':
      return finite(`exp(${a})`)
    case 'sqrt':
      return `CASE WHEN ${a} >= 0 THEN sqrt(${a}) END`
    case 'floor':
    case 'ceil':
      return `${node.op}(${a})`
    case '==':
      return `coalesce(${a} = ${b}, false)`
    case '!=':
      return `NOT coalesce(${a} = ${b}, false)`
    case '<':
    case '<=':
    case '>':
    case '>=':
      return `coalesce(${a} ${node.op} ${b}, false)`
    case 'and':
    case 'or':
      return `(${a} ${node.op} ${b})`
    case 'not':
      return `NOT ${a}`
    case 'missing':
      return `${a} IS NULL`
    case 'flag':
      return `CASE WHEN ${a} THEN 1::DOUBLE ELSE 0::DOUBLE END`
    case 'if':
      return `CASE WHEN ${a} THEN ${b} ELSE ${c} END`
    case 'coalesce':
      return `coalesce(${a}, ${b})`
    case 'clip': {
      const low = node.low === null ? '' : ` WHEN ${a} < ${number(node.low)} THEN ${number(node.low)}`
      const high = node.high === null ? '' : ` WHEN ${a} > ${number(node.high)} THEN ${number(node.high)}`
      return low + high === '' ? a : `CASE${low}${high} ELSE ${a} END`
    }
    case 'among':
      return node.keys.length === 0 ? 'false' : node.keys.map((key) => isKey(a, key)).join(' OR ')
    case 'lookup':
      return caseOf(a, node.keys, node.values.map(number), number(node.otherwise))
    case 'replace':
      return caseOf(a, node.keys, node.values.map(word), 'same' in node.otherwise ? a : word(node.otherwise.word))
  }
}

const isKey = (cell: string, key: string | null) =>
  key === null ? `${cell} IS NULL` : `coalesce(${cell} = ${text(key)}, false)`

function caseOf(cell: string, keys: readonly (string | null)[], values: readonly string[], otherwise: string): string {
  if (keys.length === 0) return otherwise
  const map = keys.flatMap((key, i) => (key === null ? [] : [[key, values[i]!] as const]))
  const missing = keys.indexOf(null)
  const whenMissing = missing < 0 ? '' : ` WHEN ${cell} IS NULL THEN ${values[missing]}`
  const whenKnown = map.map(([key, value]) => ` WHEN ${cell} = ${text(key)} THEN ${value}`).join('')
  return `CASE${whenMissing}${whenKnown} ELSE ${otherwise} END`
}

const finite = (value: string) => `CASE WHEN isfinite(${value}) THEN ${value} END`
