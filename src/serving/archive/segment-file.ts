import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as otherRequests } from 'node:timers/promises'
import { withDuck } from '#data'
import type { ServingTables } from '../tables.ts'

/** A row of the log as its table has it. */
export type LogRow = ServingTables['serving_predictions']

/** The columns of a segment, in their order. Times are times to who reads the file with other tools. */
const COLUMNS = {
  seq: 'BIGINT',
  id: 'VARCHAR',
  endpoint: 'VARCHAR',
  project: 'VARCHAR',
  model: 'VARCHAR',
  version: 'INTEGER',
  route: 'VARCHAR',
  event_time: 'BIGINT',
  received_at: 'BIGINT',
  latency_us: 'INTEGER',
  inputs: 'VARCHAR',
  value: 'DOUBLE',
  label: 'VARCHAR',
  probabilities: 'VARCHAR',
  scores: 'VARCHAR',
  weights: 'VARCHAR',
} as const satisfies Record<keyof LogRow, string>

type Name = keyof typeof COLUMNS
const NAMES = Object.keys(COLUMNS) as Name[]
const TIMES: readonly Name[] = ['event_time', 'received_at']

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Rows of a group of the file: a lookup reads a few thousand rows, not all. */
const ROWS_PER_GROUP = 10_240

/** Writes rows of the log, in the order in which they come, as a Parquet file. */
export async function writeSegment(pages: AsyncIterable<readonly LogRow[]>, path: string): Promise<void> {
  const lines = `${path}.jsonl`
  try {
    await pipeline(Readable.from(asLines(pages)), createWriteStream(lines))
    const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${literal(type)}`)
    const select = NAMES.map((name) => (TIMES.includes(name) ? `make_timestamp(${name} * 1000) AS ${name}` : name))
    await withDuck({ folders: [dirname(path)], threads: 1, spillTo: dirname(path) }, (duck) =>
      duck.run(
        `COPY (SELECT ${select.join(', ')} FROM read_json(${literal(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}}, maximum_object_size = 67108864)) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROWS_PER_GROUP})`,
      ),
    )
  } finally {
    await rm(lines, { force: true })
  }
}

async function* asLines(pages: AsyncIterable<readonly LogRow[]>): AsyncGenerator<string> {
  for await (const page of pages) {
    yield page.map((row) => `${JSON.stringify(row)}\n`).join('')
    await otherRequests()
  }
}

export interface SegmentQuery {
  /** A condition on the columns, in SQL. */
  readonly where?: string
  readonly order: 'seq' | 'seq DESC' | 'event_time, seq' | 'event_time DESC, seq DESC'
  readonly limit?: number
}

/** Rows of segments; requests get their turn while they are made. */
export async function readSegments(paths: readonly string[], { where, order, limit }: SegmentQuery): Promise<LogRow[]> {
  if (paths.length === 0) return []
  const select = NAMES.map(columnOf).join(', ')
  // Sorted by the columns of the file, not by what is selected of them.
  const keys = order.replaceAll(/\b(event_time|seq)\b/g, 't.$1')
  const sql = `SELECT ${select} FROM read_parquet([${paths.map(literal).join(', ')}]) t${where ? ` WHERE ${where}` : ''} ORDER BY ${keys}${limit === undefined ? '' : ` LIMIT ${limit}`}`
  const rows: LogRow[] = []
  await withDuck({ folders: [...new Set(paths.map((path) => dirname(path)))], threads: 1 }, async (duck) => {
    for await (const chunk of duck.chunks(sql)) {
      const columns = chunk.getColumns()
      for (let r = 0; r < chunk.rowCount; r++)
        rows.push(Object.fromEntries(NAMES.map((name, c) => [name, columns[c]![r]])) as unknown as LogRow)
      await otherRequests()
    }
  })
  return rows
}

/** As numbers that JavaScript has. */
const columnOf = (name: Name) => {
  if (TIMES.includes(name)) return `epoch_ms(t.${name})::DOUBLE AS ${name}`
  return COLUMNS[name] === 'BIGINT' ? `t.${name}::DOUBLE AS ${name}` : `t.${name}`
}
