import type { PeriodClosed } from '#monitoring'
import type { Cause } from '#pipelines/contract'
import { formatDuration } from '#platform/time'
import type { TriggerContext, Verdict } from '#projects'

/** What a condition of `when` is judged on, from what the monitors said at the end of a period. */
export function triggerContext({ alert, champion, age, newLabels }: PeriodClosed): TriggerContext {
  const has = (kind: NonNullable<PeriodClosed['alert']>['kinds'][number]) => alert?.kinds.includes(kind) ?? false
  return {
    alert: { drift: has('drift'), quality: has('quality'), decay: has('decay'), fairness: has('fairness') },
    version: { number: champion, age },
    labels: { new: newLabels },
  }
}

const DAY = 86_400_000

/** Why a rule fired, for people: the alert it looked at, if one was open; else what made the champion old. */
export function causeOf({ values }: Verdict, closed: PeriodClosed): Cause {
  const saw = (prefix: string) => values.some(({ path }) => path.startsWith(prefix))
  const alerted = values.some(({ path, value }) => path.startsWith('alert.') && value === true)
  if (closed.alert && alerted) return { kind: 'alert', by: closed.alert.id, reason: closed.alert.title }
  const by = `v${closed.champion}`
  if (!saw('version.age') && saw('labels.new'))
    return {
      kind: 'age',
      by,
      reason: `${closed.newLabels.toLocaleString('en')} new labels since v${closed.champion} was trained`,
    }
  const age = closed.age === null ? '' : `: its youngest training row is ${spoken(closed.age)} old`
  return { kind: 'age', by, reason: `v${closed.champion} is due to be renewed${age}` }
}

function spoken(ms: number): string {
  return ms < DAY ? formatDuration(Math.round(ms)) : `${Math.floor(ms / DAY)} days`
}
