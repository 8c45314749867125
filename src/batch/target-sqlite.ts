import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Target } from './committed.ts'
import { BatchTargetInvalid } from './errors.ts'
import type { PartManifest } from './plan.ts'
import { named } from './rows.ts'
import { columnsFor, MANIFESTS } from './sql-columns.ts'

export async function openSqliteTarget(path: string, table: string, job: string): Promise<Target> {
  let database: DatabaseSync
  try {
    database = new DatabaseSync(path, { timeout: 60_000 })
    database.exec('PRAGMA journal_mode = WAL')
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${MANIFESTS} (job TEXT, part INTEGER, manifest TEXT, PRIMARY KEY (job, part))`,
    )
  } catch (error) {
    throw new BatchTargetInvalid(
      `${path}: ${(error as Error).message}`,
      'Name a SQLite database that can be written.',
      error,
    )
  }

  return {
    committed: async () => {
      const rows = database.prepare(`SELECT manifest FROM ${MANIFESTS} WHERE job = ?`).all(job)
      const manifests = rows.map(({ manifest }) => JSON.parse(String(manifest)) as PartManifest)
      return new Map(manifests.map((manifest) => [manifest.part, manifest]))
    },
    commit: async (duck, answers, manifest) => {
      const { columns, select } = await columnsFor(duck, answers)
      // Read first: nothing is awaited between BEGIN and COMMIT, which would hold the file's lock.
      const chunks: unknown[][][] = []
      for await (const chunk of duck.chunks(select)) chunks.push(chunk.getColumns())
      database.exec('BEGIN IMMEDIATE')
      try {
        const told = database
          .prepare(`INSERT INTO ${MANIFESTS} VALUES (?, ?, ?) ON CONFLICT DO NOTHING`)
          .run(job, manifest.part, JSON.stringify(manifest))
        if (told.changes > 0) {
          const list = columns.map(({ name, type }) => `${named(name)} ${type}`)
          database.exec(`CREATE TABLE IF NOT EXISTS ${named(table)} (${list.join(', ')})`)
          const insert = database.prepare(
            `INSERT INTO ${named(table)} (${columns.map(({ name }) => named(name)).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
          )
          const row = new Array<SQLInputValue>(columns.length)
          for (const values of chunks)
            for (let r = 0; r < values[0]!.length; r++) {
              for (let c = 0; c < row.length; c++) row[c] = sqlValue(values[c]![r])
              insert.run(...row)
            }
        }
        database.exec('COMMIT')
      } catch (error) {
        database.exec('ROLLBACK')
        throw new BatchTargetInvalid(
          `the table ${table}: ${(error as Error).message}`,
          'Name another table, or one that a batch with the same columns has made.',
          error,
        )
      }
    },
    finish: async () => {},
    close: async () => database.close(),
  }
}

const sqlValue = (value: unknown): SQLInputValue =>
  typeof value === 'boolean' ? (value ? 1 : 0) : (value as SQLInputValue)
