import type { Blobs } from '#platform/blobs'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import { checkArtifactPath, type Tracking } from '#tracking'
import { type Assessments, openAssessments } from './assessments.ts'
import { type Attachments, openAttachments } from './attachments.ts'
import { openRecording, type Recording } from './recording.ts'
import { openTraces, type Traces } from './traces.ts'

export interface Tracing extends Recording, Traces, Assessments, Attachments {}

export function openTracing(needs: { storage: Storage; blobs: Blobs; clock: Clock; tracking: Tracking }): Tracing {
  return {
    ...openRecording(needs),
    ...openTraces(needs),
    ...openAssessments(needs),
    ...openAttachments({ ...needs, checkPath: checkArtifactPath }),
  }
}
