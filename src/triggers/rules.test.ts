import { describe, expect, it } from 'vitest'
import { evaluateCondition, parseProject } from '#projects'
import type { PeriodClosed } from '#monitoring'
import { causeOf, triggerContext } from './cause.ts'
import { isResting, rulesOf } from './rules.ts'
import { nextTime } from '#platform/time'

const DAY = 86_400_000
const at = (text: string) => Date.parse(text)

const specWith = (when: string) =>
  parseProject(`
project: electricity
data: { market: { source: market.csv, label: up } }
deploy: { price-up: {}, demand: {} }
when:
${when}
`).spec

const closed = (over: Partial<PeriodClosed> = {}): PeriodClosed => ({
  endpoint: 'price-up',
  through: 100 * DAY,
  champion: 7,
  age: 10 * DAY,
  newLabels: 480,
  predictions: 48,
  metric: 'roc_auc',
  value: 0.8,
  lower95: 0.75,
  upper95: 0.85,
  reference: 0.7,
  estimated: 0.8,
  decay: 0,
  alert: null,
  ...over,
})

function judge(condition: string, period: PeriodClosed) {
  const [rule] = rulesOf(specWith(`  - { if: '${condition}', then: deploy.price-up }`)).conditions
  const verdict = evaluateCondition(rule!.condition, triggerContext(period))
  return verdict.passed ? causeOf(verdict, period) : undefined
}

describe('rules', () => {
  it('are the conditions and schedules that start the pipeline, each for its endpoint', () => {
    const { conditions, schedules } = rulesOf(
      specWith(`
  - { if: alert.drift, then: deploy.demand, not_within: 3d }
  - { cron: "0 3 * * MON", then: deploy.price-up }
  - { cron: "0 4 * * MON", run: reproduce champion, then: deploy.price-up }`),
    )
    expect(conditions).toMatchObject([{ place: 0, endpoint: 'demand', written: 'alert.drift', notWithin: 3 * DAY }])
    expect(schedules).toEqual([{ place: 1, endpoint: 'price-up', written: '0 3 * * MON' }])
  })

  it('rest from their last firing on, for as long as they say, and never fire twice for one period', () => {
    expect(isResting(undefined, 5 * DAY, 7 * DAY)).toBe(false)
    expect(isResting(5 * DAY, 11 * DAY, 7 * DAY)).toBe(true)
    expect(isResting(5 * DAY, 12 * DAY, 7 * DAY)).toBe(false)
    expect(isResting(5 * DAY, 5 * DAY, 0)).toBe(true)
    expect(isResting(5 * DAY, 4 * DAY, 0)).toBe(true)
    expect(isResting(5 * DAY, 6 * DAY, 0)).toBe(false)
  })
})

describe('the cause of a firing', () => {
  const condition = 'alert.drift || alert.decay || version.age > duration("42d")'
  const alert = { id: 'a1', kinds: ['decay' as const], title: 'v7 loses 20 % more' }

  it('is the alert where one of its kinds made the condition true', () => {
    expect(judge(condition, closed({ alert }))).toEqual({ kind: 'alert', by: 'a1', reason: 'v7 loses 20 % more' })
  })

  it('is age where the champion is old and the open alert is of no kind that was asked for', () => {
    expect(judge(condition, closed())).toBeUndefined()
    const fair = { ...alert, kinds: ['fairness' as const] }
    expect(judge(condition, closed({ alert: fair, age: 43.5 * DAY }))).toEqual({
      kind: 'age',
      by: 'v7',
      reason: 'v7 is due to be renewed: its youngest training row is 43 days old',
    })
  })

  it('names the labels where they were what counted', () => {
    expect(judge('labels.new > 400', closed())?.reason).toBe('480 new labels since v7 was trained')
  })

  it('is none where the age cannot be known', () => {
    expect(judge('version.age > duration("1d")', closed({ age: null }))).toBeUndefined()
  })
})

describe('schedules', () => {
  it.each([
    ['0 3 * * MON', '2025-03-03T03:00:00Z', '2025-03-10T03:00:00Z'],
    ['0 3 * * MON', '2025-03-03T02:59:59Z', '2025-03-03T03:00:00Z'],
    ['*/15 * * * *', '2025-03-03T23:50:00Z', '2025-03-04T00:00:00Z'],
    // In UTC: no hour is skipped or repeated where clocks change.
    ['30 2 * * *', '2025-03-30T00:00:00Z', '2025-03-30T02:30:00Z'],
    // Day of the month and day of the week: either, as cron has it.
    ['0 0 13 * FRI', '2025-06-07T00:00:00Z', '2025-06-13T00:00:00Z'],
    ['0 0 13 * FRI', '2025-05-10T00:00:00Z', '2025-05-13T00:00:00Z'],
    ['0 0 29 2 *', '2025-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ])('%s after %s is %s', (written, after, next) => expect(nextTime(written, at(after))).toBe(at(next)))

  it('has no next time for a day that never comes', () => {
    expect(nextTime('0 0 30 2 *', at('2025-01-01T00:00:00Z'))).toBeUndefined()
  })
})
