import type { Storage, Tx } from '#platform/storage'
import type { ServicePeriod } from '../entities.contract.ts'
import type { TimeRange } from '../point-in-time.ts'
import { type RegistryTables, reading } from './tables.ts'

/** Ends what a model meant in production in this way. @param version only where it is this one */
export async function endPeriods(
  tx: Tx,
  model: string,
  as: ServicePeriod['as'],
  at: number,
  version?: number,
): Promise<void> {
  let query = reading(tx)
    .updateTable('registry_service_periods')
    .set({ until: at })
    .where('model', '=', model)
    .where('served_as', '=', as)
    .where('until', 'is', null)
  if (version !== undefined) query = query.where('version', '=', version)
  await query.execute()
}

export async function beginPeriod(tx: Tx, model: string, period: Omit<ServicePeriod, 'until'>): Promise<void> {
  const { version, as, since, by, why } = period
  await reading(tx)
    .insertInto('registry_service_periods')
    // The id is the database's to give.
    .values({ model, version, served_as: as, since, until: null, set_by: by, why } as never)
    .execute()
}

/** The one that lasts. */
export async function currentPeriod(
  tx: Tx,
  model: string,
  as: ServicePeriod['as'],
): Promise<ServicePeriod | undefined> {
  const row = await reading(tx)
    .selectFrom('registry_service_periods')
    .selectAll()
    .where('model', '=', model)
    .where('served_as', '=', as)
    .where('until', 'is', null)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Newest first. @param during only those that it was in production at some time of */
export async function periodsOf(
  storage: Storage,
  model: string,
  page: { limit: number; offset: number },
  during?: TimeRange,
): Promise<ServicePeriod[]> {
  let query = reading(storage).selectFrom('registry_service_periods').selectAll().where('model', '=', model)
  if (during)
    query = query
      .where('since', '<=', during.to)
      .where((where) => where.or([where('until', 'is', null), where('until', '>', during.from)]))
  const rows = await query
    .orderBy('since', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(fromRow)
}

function fromRow(row: RegistryTables['registry_service_periods']): ServicePeriod {
  return {
    version: row.version,
    as: row.served_as,
    since: Number(row.since),
    until: row.until === null ? null : Number(row.until),
    by: row.set_by,
    why: row.why,
  }
}
