import type { Pipelines } from '#pipelines'
import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Jobs } from '#platform/jobs'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import type { Registry } from '#registry'
import type { Tracking } from '#tracking'

export interface PackagingNeeds {
  readonly storage: Storage
  readonly blobs: Blobs
  readonly events: Events
  readonly jobs: Jobs
  readonly clock: Clock
  readonly tracking: Tracking
  readonly projects: Projects
  readonly pipelines: Pick<Pipelines, 'judge'>
  readonly registry: Registry
  /** Folder for files under way. */
  readonly work: string
  /** Folder where Python environments are kept. */
  readonly environments: string
}
