import { withDuck } from './duckdb.ts'
import { text } from './sql.ts'

/**
 * Writes a CSV of about 168 bytes a row: an id, a time, twelve numbers, five columns of 3 to 2,000 categories, a label.
 * The same rows every time. Used by tests and benches only.
 */
export async function writeLargeTable(folder: string, path: string, rows: number): Promise<void> {
  const numbers = Array.from({ length: 12 }, (_, k) => `round(hash(i * 31 + ${k}) % 1000000 / 1000.0, 3) AS n${k}`)
  const categories = [3, 8, 30, 200, 2000].map((many, k) => `'level_' || (hash(i * 17 + ${k}) % ${many}) AS c${k}`)
  await withDuck({ folders: [folder] }, (duck) =>
    duck.run(`COPY (
      SELECT 'id-' || i AS id, TIMESTAMP '2020-01-01' + i * INTERVAL 1 SECOND AS ts, ${[...numbers, ...categories].join(', ')},
        hash(i) % 2 AS label FROM range(${rows}) t(i)
    ) TO ${text(path)} (FORMAT csv, HEADER)`),
  )
}
