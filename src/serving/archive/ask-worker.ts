/** The child process that asks the log: DuckDB over one folder, and nothing else. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { withDuck } from '#data'
import { asOrreryError } from '#platform/errors'
import { serveAsChild } from '#platform/process'
import { LogQueryRefused } from '../errors.ts'
import type { AskInput, LogAnswer } from './ask-log.ts'

const MOST_ROWS = 10_000
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

serveAsChild<AskInput>(
  ({ folder, sql, into }): Promise<LogAnswer | null> =>
    withDuck({ folders: [folder], spillTo: folder }, async (duck) => {
      const files = (await readdir(folder)).filter((name) => name.endsWith('.parquet'))
      const list = files.map((name) => literal(join(folder, name))).join(', ')
      const truths = `read_json(${literal(join(folder, 'truths.jsonl'))}, format = 'newline_delimited', columns = {prediction_id: 'VARCHAR', label: 'VARCHAR', event_time: 'BIGINT', received_at: 'BIGINT'})`
      await duck.run(
        `CREATE VIEW predictions AS SELECT p.* EXCLUDE (latency_us), p.latency_us / 1000 AS latency_ms, t.label AS truth, make_timestamp(t.event_time * 1000) AS truth_event_time, make_timestamp(t.received_at * 1000) AS truth_received_at FROM read_parquet([${list}]) p LEFT JOIN ${truths} t ON t.prediction_id = p.id`,
      )
      if (sql === null) {
        await duck.run(`COPY (FROM predictions ORDER BY seq) TO ${literal(into!)} (FORMAT parquet, COMPRESSION zstd)`)
        return null
      }
      try {
        const { parsed } = await duck.row<{ parsed: string }>(`SELECT json_serialize_sql(${literal(sql)}) AS parsed`)
        const tree = JSON.parse(parsed) as { error: boolean; error_message?: string; statements?: unknown[] }
        if (tree.error) throw new LogQueryRefused(tree.error_message ?? 'it cannot be read')
        if (tree.statements?.length !== 1) throw new LogQueryRefused('it is more than one statement')
        // Its semicolon, where it has one, would end our statement.
        const one = sql.trim().replace(/;+$/, '')
        const described = await duck.rows<{ column_name: string }>(`DESCRIBE ${one}`)
        const columns = described.map(({ column_name }) => column_name)
        const found = await duck.rows(`SELECT * FROM (${one}) LIMIT ${MOST_ROWS + 1}`)
        const rows = found.slice(0, MOST_ROWS).map((row) => Object.values(row).map(inJson))
        return { columns, rows, cut: found.length > MOST_ROWS }
      } catch (error) {
        if (asOrreryError(error)) throw error
        throw new LogQueryRefused((error as Error).message.split('\n')[0]!.slice(0, 500))
      }
    }),
)

/** What JSON has no word for, as text. */
function inJson(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value === null || ['number', 'string', 'boolean'].includes(typeof value) ? value : JSON.stringify(value)
}
