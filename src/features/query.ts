import { checkSelect, type Duck, SqlRefused } from '#data'
import { QueryRefused } from './errors.ts'

/**
 * Sees to it that a view's query is one SELECT over `tables` and steady, before it is run.
 *
 * @throws QueryRefused
 */
export async function checkQuery(duck: Duck, view: string, sql: string, tables: readonly string[]): Promise<void> {
  try {
    await checkSelect(duck, sql, tables)
  } catch (error) {
    throw error instanceof SqlRefused ? new QueryRefused(view, error.why, error.todo) : error
  }
}
