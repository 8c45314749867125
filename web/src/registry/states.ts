import type { VersionState } from '#registry/contract'
import type { Tone } from '../shell/parts.tsx'

export const VERSION_TONES: Record<VersionState, Tone> = {
  registered: 'idle',
  candidate: 'warn',
  rejected: 'bad',
  certified: 'busy',
  production: 'ok',
  rolled_back: 'bad',
}

export const stateWords = (state: VersionState) => state.replace('_', ' ')
