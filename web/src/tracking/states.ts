import type { PipelineRun, PipelineStep } from '#pipelines/contract'
import type { Run } from '#tracking/contract'
import type { Tone } from '../shell/parts.tsx'

export const RUN_TONES: Record<PipelineRun['state'] | Run['state'], Tone> = {
  queued: 'idle',
  running: 'busy',
  succeeded: 'ok',
  finished: 'ok',
  failed: 'bad',
  cancelled: 'idle',
  killed: 'bad',
}

export const STEP_TONES: Record<PipelineStep['state'], Tone> = {
  waiting: 'idle',
  running: 'busy',
  succeeded: 'ok',
  failed: 'bad',
}
