import pg from 'pg'
import type { Target } from './committed.ts'
import { BatchTargetInvalid } from './errors.ts'
import type { PartManifest } from './plan.ts'
import { named } from './rows.ts'
import { columnsFor, MANIFESTS } from './sql-columns.ts'

/** Rows of one statement: its arrays are held as text on both sides. */
const ROWS_PER_INSERT = 20_000

export async function openPostgresTarget(url: string, table: string, job: string): Promise<Target> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
    // Two that make it at once: the loser finds it there.
    await client
      .query(`CREATE TABLE IF NOT EXISTS ${MANIFESTS} (job text, part integer, manifest text, PRIMARY KEY (job, part))`)
      .catch(() => client.query(`SELECT 1 FROM ${MANIFESTS} LIMIT 1`))
  } catch (error) {
    await client.end().catch(() => {})
    throw new BatchTargetInvalid(
      `PostgreSQL: ${(error as Error).message}`,
      'Check the address, and that its user may make tables.',
      error,
    )
  }

  return {
    committed: async () => {
      const { rows } = await client.query<{ manifest: string }>(`SELECT manifest FROM ${MANIFESTS} WHERE job = $1`, [
        job,
      ])
      const manifests = rows.map(({ manifest }) => JSON.parse(manifest) as PartManifest)
      return new Map(manifests.map((manifest) => [manifest.part, manifest]))
    },
    commit: async (duck, answers, manifest) => {
      const { columns, select } = await columnsFor(duck, answers)
      const names = columns.map(({ name }) => named(name)).join(', ')
      const arrays = columns.map(({ type }, c) => `$${c + 1}::${type}[]`).join(', ')
      const insert = (values: unknown[][]) =>
        client.query(`INSERT INTO ${named(table)} (${names}) SELECT * FROM unnest(${arrays})`, values)
      try {
        await client.query('BEGIN')
        const { rowCount } = await client.query(`INSERT INTO ${MANIFESTS} VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, [
          ...[job, manifest.part, JSON.stringify(manifest)],
        ])
        if (rowCount! > 0) {
          await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`orrery batch ${table}`])
          await client.query(
            `CREATE TABLE IF NOT EXISTS ${named(table)} (${columns.map(({ name, type }) => `${named(name)} ${type}`).join(', ')})`,
          )
          let waiting: unknown[][] = columns.map(() => [])
          for await (const chunk of duck.chunks(select)) {
            for (const [c, values] of chunk.getColumns().entries()) waiting[c]!.push(...values)
            if (waiting[0]!.length < ROWS_PER_INSERT) continue
            await insert(waiting)
            waiting = columns.map(() => [])
          }
          if (waiting[0]!.length > 0) await insert(waiting)
        }
        await client.query('COMMIT')
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {})
        throw new BatchTargetInvalid(
          `the table ${table}: ${(error as Error).message}`,
          'Name another table, or one that a batch with the same columns has made.',
          error,
        )
      }
    },
    finish: async () => {},
    close: () => client.end(),
  }
}
