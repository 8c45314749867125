import { type Storage, type Tx, tables } from '#platform/storage'

interface PackagingTables {
  packaging_requests: { model: string; version: number; job: string; asked_by: string; asked_at: number }
}

export interface PackagingRequest {
  readonly model: string
  readonly version: number
  readonly job: string
  readonly by: string
  readonly at: number
}

/** The latest request for a version stands. */
export async function saveRequest(tx: Tx, { model, version, job, by, at }: PackagingRequest): Promise<void> {
  const values = { job, asked_by: by, asked_at: at }
  await tables<PackagingTables>(tx)
    .insertInto('packaging_requests')
    .values({ model, version, ...values })
    .onConflict((c) => c.columns(['model', 'version']).doUpdateSet(values))
    .execute()
}

export async function requestOf(
  storage: Storage,
  model: string,
  version: number,
): Promise<PackagingRequest | undefined> {
  const row = await storage
    .reads<PackagingTables>()
    .selectFrom('packaging_requests')
    .selectAll()
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst()
  return row && { model, version, job: row.job, by: row.asked_by, at: Number(row.asked_at) }
}
