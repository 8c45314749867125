import { formatDuration } from '#platform/time'
import type { Characteristic } from './contract.ts'
import { characteristic, gradeBy } from './grade.ts'

const HOUR = 3_600_000
const YEAR = 365.25 * 86_400_000

/**
 * Timeliness: is it new enough? Unlike the rest it changes while the data does not, so it is computed when it is asked
 * for.
 *
 * @param made when the dataset's versions were made, newest first
 */
export function timeliness(input: {
  now: number
  newest: number | null
  labelArrivesAfter: number
  made: readonly number[]
}): Characteristic {
  const { now, newest, labelArrivesAfter, made } = input
  const latest = made[0] ?? now
  const gaps = made.slice(0, -1).map((at, i) => at - made[i + 1]!)
  // A few versions made in one sitting are no rhythm.
  const usual = gaps.length < 3 ? null : median(gaps)
  const rhythm = usual !== null && usual >= HOUR ? usual : null
  const age = newest === null ? null : Math.max(0, now - newest)
  const delay = newest === null ? null : Math.max(0, latest - newest)
  const overdue = rhythm === null ? null : (now - latest) / rhythm
  const told = (ms: number) => (ms >= 2 * YEAR ? `${(ms / YEAR).toFixed(1)} years` : formatDuration(roundDuration(ms)))
  const day = 86_400_000
  return characteristic('timeliness', 'Is it new enough?', [
    {
      name: 'age',
      value: age,
      unit: 'milliseconds',
      formula: 'now − time of the newest row (ISO/IEC 25012, currentness)',
      observed: age === null ? 'no column says when a row happened' : `the newest row is ${told(age)} old`,
      grade: gradeBy(age, [day, 7 * day, 30 * day, 90 * day], 'less'),
      todo:
        age === null
          ? 'Name the time column under `time`.'
          : age > 30 * day
            ? 'Expect `newest_within`, and look at whether its source still delivers.'
            : null,
    },
    {
      name: 'delay',
      value: delay,
      unit: 'milliseconds',
      formula: 'when the version was made − time of its newest row; labels may arrive `label_arrives_after` later',
      observed:
        delay === null
          ? 'no column says when a row happened'
          : `it was ${told(delay)} when the version was made${labelArrivesAfter > 0 ? `; labels arrive ${told(labelArrivesAfter)} late` : ''}`,
      grade: gradeBy(
        delay === null ? null : Math.max(0, delay - labelArrivesAfter),
        [day, 7 * day, 30 * day, 90 * day],
        'less',
      ),
      todo:
        delay !== null && delay - labelArrivesAfter > 7 * day
          ? 'Shorten the way from where rows are made to here.'
          : null,
    },
    {
      name: 'refresh',
      value: overdue,
      unit: 'score',
      formula: 'time since the latest version ÷ median time between versions; above 1 it is overdue',
      observed:
        rhythm === null
          ? 'there are too few versions, made too close to each other, to tell a rhythm'
          : `a version every ${told(rhythm)}, the latest ${told(now - latest)} ago`,
      grade: gradeBy(overdue, [1, 2, 4, 8], 'less'),
      todo:
        overdue !== null && overdue > 2
          ? 'It stopped to be refreshed: run the pipeline, or give it a schedule under `when`.'
          : null,
    },
  ])
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

/** Two figures are enough for an age. */
function roundDuration(ms: number): number {
  const unit = [86_400_000, 3_600_000, 60_000, 1_000].find((one) => ms >= one) ?? 1
  return Math.round(ms / unit) * unit
}
