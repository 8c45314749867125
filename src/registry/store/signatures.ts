import { decodeJson, encodeJson, type Storage, type Tx } from '#platform/storage'
import type { StagingReport, VersionSignature } from '../certificate.contract.ts'
import { reading } from './tables.ts'

type Key = { readonly model: string; readonly version: number }

export async function insertSignature(tx: Tx, { model, version }: Key, signature: VersionSignature): Promise<void> {
  const { by, automatic, ...rest } = signature
  await reading(tx)
    .insertInto('registry_signatures')
    .values({ model, version, signed_by: by, automatic: automatic ? 1 : 0, ...rest })
    .execute()
}

/** In the order in which they were given. */
export async function signaturesOf(from: Storage | Tx, { model, version }: Key): Promise<VersionSignature[]> {
  const rows = await reading(from)
    .selectFrom('registry_signatures')
    .selectAll()
    .where('model', '=', model)
    .where('version', '=', version)
    .orderBy('id')
    .execute()
  return rows.map(({ signed_by, role, at, note, automatic, report }) => ({
    ...{ by: signed_by, role, at: Number(at), note, automatic: automatic === 1, report },
  }))
}

export async function saveStagingReport(tx: Tx, { model, version }: Key, report: StagingReport): Promise<void> {
  const values = { at: report.at, report: encodeJson(report) }
  await reading(tx)
    .insertInto('registry_staging')
    .values({ model, version, ...values })
    .onConflict((c) => c.columns(['model', 'version']).doUpdateSet(values))
    .execute()
}

export async function stagingReportOf(from: Storage | Tx, { model, version }: Key): Promise<StagingReport | null> {
  const row = await reading(from)
    .selectFrom('registry_staging')
    .select('report')
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst()
  return row ? decodeJson<StagingReport>(row.report) : null
}
