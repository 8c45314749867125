import type { Kysely } from 'kysely'
import { type Storage, type Tx, tables } from '#platform/storage'
import type { ServicePeriod, Stage, VersionState } from '../entities.contract.ts'

export interface RegistryTables {
  registry_models: {
    name: string
    project: string | null
    description: string
    created_at: number
    updated_at: number
  }
  registry_versions: {
    model: string
    version: number
    project: string | null
    state: VersionState
    stage: Stage
    description: string
    registered_by: string
    created_at: number
    updated_at: number
    source: string
    location: string
    run: string | null
    logged_model: string | null
    pipeline_run: string | null
    data_version: string | null
    facts: string
    report: string | null
    baseline: string | null
    certification: string | null
    /** A number is given once: the row of a deleted version stays. */
    deleted_at: number | null
  }
  registry_aliases: { model: string; alias: string; version: number }
  registry_model_tags: { model: string; key: string; value: string }
  registry_version_tags: { model: string; version: number; key: string; value: string }
  registry_service_periods: {
    id: number
    model: string
    version: number
    served_as: ServicePeriod['as']
    since: number
    until: number | null
    set_by: string
    why: string
  }
  registry_signatures: {
    id?: number
    model: string
    version: number
    signed_by: string
    role: string
    at: number
    note: string
    automatic: number
    report: string
  }
  registry_staging: { model: string; version: number; at: number; report: string }
}

/** What a column of 32 bits holds. */
export const LARGEST_VERSION = 2_147_483_647

export type RegistryDb = Kysely<RegistryTables>

/** A query builder that sees what `from` sees: a transaction its own writes, the storage what is committed. */
export function reading(from: Storage | Tx): RegistryDb {
  return 'reads' in from ? from.reads<RegistryTables>() : tables<RegistryTables>(from)
}
