import type { Duck } from '../duckdb.ts'
import { text } from '../sql.ts'

/**
 * What SQL that a person wrote may be. It is parsed, not searched, before it is run: a file named in quotes where a table stands
 * is a table that is not there. The database that runs it has no file system beyond the folders it was opened for, no network, no
 * extension, and settings that cannot be changed (`withDuck`); memory and time are limited by the process it runs in.
 */

/** Tables that a query may make out of nothing. */
const TABLE_FUNCTIONS = new Set(['unnest', 'range', 'generate_series'])

/**
 * Refused although DuckDB calls them steady: they tell of the machine, the session or what others did. Those whose value depends on
 * the moment or on chance are asked of its catalogue; that they have no brackets hides some from it.
 */
const REFUSED = new Set([
  ...['current_setting', 'getvariable', 'getenv', 'query', 'query_table', 'sleep_ms', 'pg_sleep', 'write_log'],
  ...['now', 'today', 'current_date', 'current_time', 'current_timestamp', 'current_localtime'],
  ...['current_localtimestamp', 'localtime', 'localtimestamp', 'random', 'setseed', 'uuid', 'nextval', 'currval'],
  ...['current_user', 'session_user', 'user', 'current_role', 'current_catalog', 'current_schema', 'current_database'],
])
const OF_THE_SYSTEM = /^(pg_|inet_|has_.*_privilege$|current_|duckdb_|pragma_)/

export type SqlNode = Record<string, unknown>

/** Why a statement may not run. Rooms tell it in their own errors. */
export class SqlRefused extends Error {
  readonly why: string
  readonly todo: string
  constructor(why: string, todo: string) {
    super(why)
    this.name = 'SqlRefused'
    this.why = why
    this.todo = todo
  }
}

/**
 * Sees to it that a query is one SELECT over `tables` and nothing else, and gives the same rows each time.
 *
 * @returns the parsed statement
 * @throws SqlRefused
 */
export async function checkSelect(duck: Duck, sql: string, tables: readonly string[]): Promise<SqlNode> {
  const { parsed } = await duck.row<{ parsed: string }>(`SELECT json_serialize_sql(${text(sql)}) AS parsed`)
  const tree = JSON.parse(parsed) as { error: boolean; error_message?: string; statements?: SqlNode[] }
  if (tree.error) {
    const said = (tree.error_message ?? 'it cannot be read').replace(/[.!]$/, '')
    throw new SqlRefused(said.startsWith('Only SELECT') ? 'it is no SELECT' : said, 'Write one SELECT.')
  }
  if (tree.statements?.length !== 1)
    throw new SqlRefused('it is more than one statement', 'Write one SELECT, without a semicolon.')
  const [statement] = tree.statements
  const known = new Set([...tables, ...namesOfCtes(tree)].map((name) => name.toLowerCase()))
  const unsteady = await unsteadyFunctions(duck)
  for (const node of nodesOf(statement)) refuseNode(node, { known, tables, unsteady })
  return statement!
}

function refuseNode(
  node: SqlNode,
  { known, tables, unsteady }: { known: ReadonlySet<string>; tables: readonly string[]; unsteady: ReadonlySet<string> },
): void {
  const { type } = node
  const only = tables.length === 0 ? 'It reads no table.' : `It may read ${tables.join(', ')}.`
  if (type === 'BASE_TABLE') {
    const name = String(node.table_name)
    if (node.schema_name !== '' || node.catalog_name !== '' || !known.has(name.toLowerCase()))
      throw new SqlRefused(`it reads "${name}", which is none of its data sets`, only)
  } else if (type === 'TABLE_FUNCTION') {
    const name = String((node.function as SqlNode | undefined)?.function_name)
    if (!TABLE_FUNCTIONS.has(name.toLowerCase()))
      throw new SqlRefused(`it reads with ${name}()`, only.replace(/\.$/, ' and nothing else.'))
  } else if (type === 'SHOW_REF') throw new SqlRefused('it describes instead of selecting', 'Write one SELECT.')
  const called = calledBy(node)
  if (called !== undefined && (unsteady.has(called) || REFUSED.has(called) || OF_THE_SYSTEM.test(called)))
    throw new SqlRefused(
      `${called} gives another value each time, or tells of the machine`,
      'The same rows must give the same answer: use the times of the rows instead.',
    )
}

/** The function that a node calls; some, such as `current_date`, are written like a column. */
function calledBy({ class: kind, function_name, column_names }: SqlNode): string | undefined {
  if (kind === 'FUNCTION' || kind === 'WINDOW') return String(function_name).toLowerCase()
  const names = kind === 'COLUMN_REF' ? (column_names as string[]) : []
  const [only] = names
  return names.length === 1 && REFUSED.has(only!.toLowerCase()) ? only!.toLowerCase() : undefined
}

async function unsteadyFunctions(duck: Duck): Promise<Set<string>> {
  const found = await duck.rows<{ name: string }>(
    `SELECT DISTINCT lower(function_name) AS name FROM duckdb_functions()
     WHERE has_side_effects OR stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')`,
  )
  return new Set(found.map((one) => one.name))
}

function namesOfCtes(tree: unknown): string[] {
  return [...nodesOf(tree)].flatMap((node) => {
    const map = (node.cte_map as { map?: { key: string }[] } | undefined)?.map ?? []
    return map.map(({ key }) => key)
  })
}

/** Every node of a parsed statement. */
export function* nodesOf(tree: unknown): Generator<SqlNode> {
  if (tree === null || typeof tree !== 'object') return
  if (!Array.isArray(tree)) yield tree as SqlNode
  for (const below of Object.values(tree)) yield* nodesOf(below)
}
