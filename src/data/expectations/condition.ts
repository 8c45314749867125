import type { Duck } from '../duckdb.ts'
import { ExpectationUnreadable } from '../errors.ts'
import { text } from '../sql.ts'

/** What an expression over one row is made of; anything else could look at other rows, other tables or files. */
const ALLOWED = new Set([
  'CASE',
  'CAST',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'OPERATOR',
  'BETWEEN',
  'COLLATE',
  'LAMBDA',
])

interface Parsed {
  error: boolean
  error_message?: string
  statements?: { node: { select_list?: unknown[]; from_table?: { type: string; column_name_alias?: unknown } } }[]
}

/**
 * Makes sure that a condition which a person wrote is one expression over one row's columns: no subquery, no file, no
 * second statement.
 *
 * @throws ExpectationUnreadable
 */
export async function checkCondition(duck: Duck, condition: string, relation: string): Promise<void> {
  const statement = `SELECT (${condition}\n) FROM t`
  const { parsed } = await duck.row<{ parsed: string }>(
    `SELECT json_serialize_sql(${text(statement)})::VARCHAR AS parsed`,
  )
  const found = JSON.parse(parsed) as Parsed
  if (found.error) throw new ExpectationUnreadable(condition, found.error_message ?? 'it is no SQL')
  const [only, ...more] = found.statements ?? []
  const list = only?.node.select_list ?? []
  if (more.length > 0 || list.length !== 1 || only?.node.from_table?.type !== 'BASE_TABLE')
    throw new ExpectationUnreadable(condition, 'it is more than one expression')
  refuseForeign(list[0], condition)
  try {
    await duck.run(`SELECT 1 FROM ${relation} WHERE (${condition}\n) LIMIT 0`)
  } catch (error) {
    throw new ExpectationUnreadable(condition, (error as Error).message.split('\n')[0]!)
  }
}

function refuseForeign(node: unknown, condition: string): void {
  if (Array.isArray(node)) for (const one of node) refuseForeign(one, condition)
  if (typeof node !== 'object' || node === null) return
  const { class: kind } = node as { class?: unknown }
  if (typeof kind === 'string' && !ALLOWED.has(kind))
    throw new ExpectationUnreadable(
      condition,
      `a condition on one row has no ${kind.toLowerCase().replaceAll('_', ' ')}`,
    )
  for (const child of Object.values(node)) refuseForeign(child, condition)
}

/** Makes sure that DuckDB can read a regular expression, before it fails in the middle of a scan. */
export async function checkPattern(duck: Duck, pattern: string): Promise<void> {
  try {
    await duck.run(`SELECT regexp_matches('', ${text(pattern)})`)
  } catch (error) {
    throw new ExpectationUnreadable(pattern, (error as Error).message.split('\n')[0]!)
  }
}
