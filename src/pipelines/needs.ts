import type { Data, ServerSources, VersionReader } from '#data'
import type { OpenViews } from '#features'
import type { Blobs } from '#platform/blobs'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import type { Tracking } from '#tracking'
import type { Cause } from './contract.ts'
import type { ChampionOf, LabelledRows } from './ports.ts'

export interface PipelineNeeds {
  readonly storage: Storage
  readonly blobs: Blobs
  readonly clock: Clock
  readonly projects: Projects
  readonly data: Data
  readonly bring: ServerSources['bring']
  readonly versions: Pick<VersionReader, 'tables'>
  readonly openViews: OpenViews
  readonly tracking: Tracking
  readonly labelledRows: LabelledRows
  readonly championOf: ChampionOf
  /** Folder for files under way; a folder of its own for each run. */
  readonly work: string
  /** Where this server answers, for the clients inside users' own steps. */
  readonly serverUrl: () => string
  /** An identity for the clients inside a step, good until it is ended. `access` provides it. */
  readonly lendIdentity: (name: string) => { secret: string; end(): void }
}

export interface PipelineInput {
  readonly project: string
  /** Where a version that passes its gates is to go. */
  readonly endpoint: string
  readonly name: string
  readonly cause: Cause
}
