import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import { type Artifacts, openArtifacts } from './artifacts.ts'
import { type Experiments, openExperiments } from './experiments.ts'
import { type Imports, openImports } from './imports.ts'
import { type KeeperOf, nobodyKeeps } from './keeper.ts'
import { type Lines, openLines } from './lines.ts'
import { type LoggedModels, openLoggedModels } from './logged-models.ts'
import { openRuns, type Runs } from './runs.ts'

export interface Tracking extends Experiments, Runs, Artifacts, LoggedModels, Lines, Imports {}

export function openTracking(given: {
  storage: Storage
  blobs: Blobs
  events: Events
  clock: Clock
  /** Nothing is kept where no later room says so. */
  keeperOf?: KeeperOf
}): Tracking {
  const needs = { keeperOf: nobodyKeeps, ...given }
  const experiments = openExperiments(needs)
  const artifacts = openArtifacts(needs)
  const runs = openRuns({ ...needs, experiments })
  return {
    ...experiments,
    ...runs,
    ...artifacts,
    ...openLoggedModels(needs),
    ...openLines({ ...needs, runs }),
    ...openImports({ ...needs, artifacts }),
  }
}
