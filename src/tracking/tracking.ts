import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import { type Artifacts, openArtifacts } from './artifacts.ts'
import { type Experiments, openExperiments } from './experiments.ts'
import { type LoggedModels, openLoggedModels } from './logged-models.ts'
import { openRuns, type Runs } from './runs.ts'

export interface Tracking extends Experiments, Runs, Artifacts, LoggedModels {}

export function openTracking(needs: { storage: Storage; blobs: Blobs; events: Events; clock: Clock }): Tracking {
  const experiments = openExperiments(needs)
  return {
    ...experiments,
    ...openRuns({ ...needs, experiments }),
    ...openArtifacts(needs),
    ...openLoggedModels(needs),
  }
}
