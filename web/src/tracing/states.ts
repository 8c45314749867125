import type { SpanStatus, TraceState } from '#tracing/contract'
import type { Tone } from '../shell/parts.tsx'

export const TRACE_TONES: Record<TraceState, Tone> = {
  ok: 'ok',
  error: 'bad',
  in_progress: 'busy',
  unspecified: 'idle',
}
export const TRACE_WORDS: Record<TraceState, string> = {
  ok: 'ok',
  error: 'error',
  in_progress: 'in progress',
  unspecified: 'not told',
}

export const SPAN_TONES: Record<SpanStatus, Tone> = { ok: 'ok', error: 'bad', unset: 'idle' }
