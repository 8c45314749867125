import { join } from 'node:path'
import { makeFolder, withDuck } from '#data'
import type { ViewInput } from '#features'

export const VIEWS = 3
/** How long a row holds, in days. */
export const TTL_DAYS = 30

export interface Tables {
  readonly entities: string
  readonly views: readonly string[]
}

export interface Size {
  readonly entities: number
  readonly rows: number
  readonly customers: number
  /** Moments there are; few of them make ties. */
  readonly moments: number
}

export function tablesIn(folder: string): Tables {
  return {
    entities: join(folder, 'entities.parquet'),
    views: Array.from({ length: VIEWS }, (_, v) => join(folder, `view${v}.parquet`)),
  }
}

/**
 * A frame of entities and the tables of three views, the same every time: customers and moments are hashes of the row's
 * number. Rows for the same customer and moment differ in when they were created, so that ties have one answer.
 */
export async function makeTables(wanted: string, { entities, rows, customers, moments }: Size): Promise<Tables> {
  const folder = await makeFolder(wanted)
  const start = `TIMESTAMP '2025-01-01'`
  const moment = (salt: number) => `${start} + INTERVAL ((hash(i, ${salt}) % ${moments}) * ${YEAR / moments}) SECOND`
  const tables = tablesIn(folder)
  await withDuck({ folders: [folder], memoryMb: 2_048 }, async (duck) => {
    await duck.run(
      `COPY (SELECT i::BIGINT AS id, (hash(i, 1) % ${customers})::BIGINT AS customer, ${moment(2)} AS event_timestamp
             FROM range(${entities}) r(i)) TO '${tables.entities}'`,
    )
    for (const [v, path] of tables.views.entries())
      await duck.run(
        `COPY (SELECT (hash(i, ${10 + v}) % ${customers})::BIGINT AS customer, ${moment(20 + v)} AS event_timestamp,
                 ${start} + INTERVAL (i) SECOND AS created,
                 (hash(i, ${30 + v}) % 1000000)::DOUBLE AS v${v}_a, (hash(i, ${40 + v}) % 1000)::DOUBLE / 7 AS v${v}_b
               FROM range(${rows}) r(i)) TO '${path}'`,
      )
  })
  return tables
}

const YEAR = 365 * 86_400

export function viewInputs(tables: Tables): ViewInput[] {
  return tables.views.map((path, v) => ({
    view: {
      ...{ name: `view${v}`, from: ['rows'], sql: null, entities: ['customer'] },
      ...{ time: 'event_timestamp', created: 'created', ttl: TTL_DAYS * 86_400_000 },
      columns: ['a', 'b'].map((name) => ({ name: `v${v}_${name}`, type: 'number' as const, description: '' })),
    },
    tables: { rows: path },
    // In service, the hash of the data version’s file.
    contents: { rows: path },
  }))
}
