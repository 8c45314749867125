import type { FeatureViewInfo } from '#features/contract'
import { count, percent } from '../shell/numbers.ts'
import { State, type Tone } from '../shell/parts.tsx'

/** How the online store of a view stands, in a word and its reason. */
export function Standing({ view }: { view: FeatureViewInfo }) {
  const [tone, word] = standingOf(view)
  return <State tone={tone}>{word}</State>
}

/** Above this share of differing entities the server tells of skew. */
const TELLING_SHARE = 0.01

/** A consumer that is well has what a second or two brought before it. */
const BEHIND = 5_000

export function standingOf({ state, version, onDemand, stream }: FeatureViewInfo): [Tone, string] {
  if (onDemand) return ['ok', 'computed on demand']
  if (stream && !stream.connected) return ['bad', 'the stream is not connected']
  if (stream?.lag && stream.lag > BEHIND) return ['warn', `${count(stream.lag)} messages behind`]
  if (state === null) return ['idle', 'for training only']
  if (state.failure && state.failure.at > (state.materializedAt ?? 0)) return ['bad', 'could not be materialized']
  if (state.version === null && stream) return ['ok', 'follows its stream']
  if (state.version === null) return ['busy', 'not materialized yet']
  if (state.skew && state.skew.share > TELLING_SHARE) return ['warn', `${percent(state.skew.share)} not as in the data`]
  if (state.version !== version) return ['busy', `version ${state.version} answers`]
  if (state.skew?.stale) return ['busy', 'newer data waits']
  return ['ok', stream ? 'follows its stream' : 'in step with the data']
}
