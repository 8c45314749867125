import type { FeatureViewInfo } from '#features/contract'
import { percent } from '../shell/numbers.ts'
import { State, type Tone } from '../shell/parts.tsx'

/** How the online store of a view stands, in a word and its reason. */
export function Standing({ view }: { view: FeatureViewInfo }) {
  const [tone, word] = standingOf(view)
  return <State tone={tone}>{word}</State>
}

/** Above this share of differing entities the server tells of skew. */
const TELLING_SHARE = 0.01

export function standingOf({
  state,
  version,
  onDemand,
}: Pick<FeatureViewInfo, 'state' | 'version' | 'onDemand'>): [Tone, string] {
  if (onDemand) return ['ok', 'computed on demand']
  if (state === null) return ['idle', 'for training only']
  if (state.failure && state.failure.at > (state.materializedAt ?? 0)) return ['bad', 'could not be materialized']
  if (state.version === null) return ['busy', 'not materialized yet']
  if (state.skew && state.skew.share > TELLING_SHARE) return ['warn', `${percent(state.skew.share)} not as in the data`]
  if (state.version !== version) return ['busy', `version ${state.version} answers`]
  if (state.skew?.stale) return ['busy', 'newer data waits']
  return ['ok', 'in step with the data']
}
