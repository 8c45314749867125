import type { Duck } from '#data'
import { QueryRefused } from './errors.ts'
import { text } from './sql.ts'

/** Tables that a query may make out of nothing. */
const TABLE_FUNCTIONS = new Set(['unnest', 'range', 'generate_series'])

/** Functions whose value depends on the moment or on chance: the same version of a view must give the same features. */
const UNSTEADY = new Set([
  ...[
    'now',
    'today',
    'current_date',
    'current_time',
    'current_timestamp',
    'current_localtime',
    'current_localtimestamp',
  ],
  ...['get_current_timestamp', 'get_current_time', 'transaction_timestamp', 'localtime', 'localtimestamp'],
  ...['random', 'setseed', 'uuid', 'uuidv4', 'uuidv7', 'gen_random_uuid', 'nextval', 'currval'],
  ...['current_setting', 'getvariable', 'getenv', 'txid_current'],
])

type Node = Record<string, unknown>

/**
 * Sees to it that a view's query is one SELECT over `tables` and steady, before it is run. It is parsed, not searched:
 * a file named in quotes where a table stands is a table that is not there.
 *
 * @throws QueryRefused
 */
export async function checkQuery(duck: Duck, view: string, sql: string, tables: readonly string[]): Promise<void> {
  const { parsed } = await duck.row<{ parsed: string }>(`SELECT json_serialize_sql(${text(sql)}) AS parsed`)
  const tree = JSON.parse(parsed) as { error: boolean; error_message?: string; statements?: Node[] }
  if (tree.error)
    throw new QueryRefused(view, (tree.error_message ?? 'it cannot be read').replace(/\.$/, ''), 'Write one SELECT.')
  if (tree.statements?.length !== 1)
    throw new QueryRefused(view, 'it is more than one statement', 'Write one SELECT, without a semicolon.')
  const known = new Set([...tables, ...namesOfCtes(tree)].map((name) => name.toLowerCase()))
  for (const node of nodesOf(tree)) {
    const { type } = node
    if (type === 'BASE_TABLE') {
      const name = String(node.table_name)
      if (node.schema_name !== '' || node.catalog_name !== '' || !known.has(name.toLowerCase()))
        throw new QueryRefused(
          view,
          `it reads "${name}", which is none of its data sets`,
          `It may read ${tables.join(', ')}.`,
        )
    } else if (type === 'TABLE_FUNCTION') {
      const name = String((node.function as Node | undefined)?.function_name)
      if (!TABLE_FUNCTIONS.has(name))
        throw new QueryRefused(view, `it reads with ${name}()`, `It may read ${tables.join(', ')} and nothing else.`)
    } else if (type === 'SHOW_REF')
      throw new QueryRefused(view, 'it describes instead of selecting', 'Write one SELECT.')
    const called = calledBy(node)
    if (called !== undefined && UNSTEADY.has(called))
      throw new QueryRefused(
        view,
        `${called} gives another value each time`,
        'A feature holds from its event time on: use the times of the rows instead.',
      )
  }
}

/** The function that a node calls; some, such as `current_date`, are written like a column. */
function calledBy({ class: kind, function_name, column_names }: Node): string | undefined {
  if (kind === 'FUNCTION') return String(function_name).toLowerCase()
  const names = kind === 'COLUMN_REF' ? (column_names as string[]) : []
  return names.length === 1 ? names[0]!.toLowerCase() : undefined
}

function namesOfCtes(tree: unknown): string[] {
  return [...nodesOf(tree)].flatMap((node) => {
    const map = (node.cte_map as { map?: { key: string }[] } | undefined)?.map ?? []
    return map.map(({ key }) => key)
  })
}

function* nodesOf(tree: unknown): Generator<Node> {
  if (tree === null || typeof tree !== 'object') return
  if (!Array.isArray(tree)) yield tree as Node
  for (const below of Object.values(tree)) yield* nodesOf(below)
}
