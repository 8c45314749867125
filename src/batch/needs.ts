import type { Data } from '#data'
import type { Deployments } from '#deployments'
import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Jobs } from '#platform/jobs'
import type { Logger } from '#platform/log'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import type { Registry } from '#registry'

export interface BatchNeeds {
  readonly storage: Storage
  readonly blobs: Blobs
  readonly events: Events
  readonly jobs: Jobs
  readonly clock: Clock
  readonly log: Logger
  readonly projects: Projects
  readonly data: Data
  readonly registry: Registry
  readonly deployments: Deployments
  /** Folder of Python environments. */
  readonly environments: string
  /** Where parts wait; kept over a restart. */
  readonly folder: string
  /** Where the store's blobs are on this machine, for children that read pictures. */
  readonly blobFolder: string
}
