import type { RolloutState } from '#deployments/contract'
import type { Tone } from '../shell/parts.tsx'

export const ROLLOUT_TONES: Record<RolloutState, Tone> = {
  staging: 'busy',
  awaiting_certification: 'warn',
  shadow: 'busy',
  challenger: 'busy',
  canary: 'busy',
  rolling: 'busy',
  ab: 'busy',
  baking: 'busy',
  promoted: 'ok',
  rolled_back: 'bad',
  rejected: 'bad',
  aborted: 'idle',
}
