import { decodeJson, encodeJson, type Migration, type Storage, type Tx, tables } from '#platform/storage'

interface ReportTables {
  data_reports: { version: string; kind: string; about: string; body: string; created_at: number }
}

export const reportMigrations: readonly Migration[] = [
  {
    name: 'data-quality-001-reports',
    up: async (db) => {
      await db.schema
        .createTable('data_reports')
        .addColumn('version', 'text', (c) => c.notNull())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('about', 'text', (c) => c.notNull())
        .addColumn('body', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('data_reports_pk', ['version', 'kind', 'about'])
        .execute()
    },
  },
]

/** What a report is of: versions never change, so it holds for ever. */
export interface ReportName {
  version: string
  kind: 'scorecard' | 'diff' | 'parts'
  /** What else it depends on. */
  about: string
}

export async function reportNamed<Body>(storage: Storage, name: ReportName): Promise<Body | undefined> {
  const row = await storage
    .reads<ReportTables>()
    .selectFrom('data_reports')
    .select('body')
    .where('version', '=', name.version)
    .where('kind', '=', name.kind)
    .where('about', '=', name.about)
    .executeTakeFirst()
  return row && decodeJson<Body>(row.body)
}

export async function keepReport(tx: Tx, name: ReportName, body: unknown, createdAt: number): Promise<void> {
  await tables<ReportTables>(tx)
    .insertInto('data_reports')
    .values({ ...name, body: encodeJson(body), created_at: createdAt })
    .onConflict((c) => c.columns(['version', 'kind', 'about']).doNothing())
    .execute()
}
