import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Tracking } from '#tracking'
import type { ModelVersion } from './entities.contract.ts'
import { ModelUnknown, VersionUnknown } from './errors.ts'
import type { DeploymentsOf } from './guard.ts'
import { modelRow } from './store/models.ts'
import type { RegistryTables } from './store/tables.ts'
import { versionOf } from './store/versions.ts'

export interface RegistryNeeds {
  readonly storage: Storage
  readonly blobs: Blobs
  readonly events: Events
  readonly clock: Clock
  readonly tracking: Pick<Tracking, 'run' | 'loggedModel'>
  readonly deploymentsOf: DeploymentsOf
}

/** @throws VersionUnknown */
export async function requireVersion(from: Storage | Tx, model: string, version: number): Promise<ModelVersion> {
  const found = await versionOf(from, model, version)
  if (!found) throw new VersionUnknown(model, version)
  return found
}

/** @throws ModelUnknown */
export async function requireModel(from: Storage | Tx, name: string): Promise<RegistryTables['registry_models']> {
  const found = await modelRow(from, name)
  if (!found) throw new ModelUnknown(name)
  return found
}
