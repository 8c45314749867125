import type { Duck } from '../duckdb.ts'
import { ExpectationUnreadable } from '../errors.ts'
import { checkSelect, type SqlNode, SqlRefused } from '../sandbox/select.ts'
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

/**
 * Makes sure that a condition which a person wrote is one expression over one row's columns: no subquery, no file, no
 * second statement, nothing that tells of the machine or the moment.
 *
 * @throws ExpectationUnreadable
 */
export async function checkCondition(duck: Duck, condition: string, relation: string): Promise<void> {
  const statement = await checkSelect(duck, `SELECT (${condition}\n) FROM t`, ['t']).catch((error) => {
    throw error instanceof SqlRefused ? new ExpectationUnreadable(condition, error.why) : error
  })
  const { select_list: list = [], from_table: from } = statement.node as {
    select_list?: unknown[]
    from_table?: SqlNode
  }
  if (list.length !== 1 || from?.type !== 'BASE_TABLE')
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
