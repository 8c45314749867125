import { describe, expect, it } from 'vitest'
import { nextAlert, type Observed, type StoredAlert } from './alerts.ts'
import { decayFinding, driftFinding, type Finding, qualityFinding } from './findings.ts'

const DAY = 86_400_000

const finding = (kind: Finding['kind'], word: string = kind): Finding => ({
  kind,
  headline: `${word}!`,
  detail: `It is ${word}.`,
})

const observed = (day: number, findings: Finding[] = [], over: Partial<Observed> = {}): Observed => ({
  ...{ endpoint: 'price-up', project: 'electricity', champion: 7, through: day * DAY, findings },
  ...{ features: [], estimatedCost: 0.03, measuredCost: null, metric: 'roc_auc', clearAfter: 7 * DAY },
  ...over,
})

function following(...periods: Observed[]): StoredAlert | undefined {
  return periods.reduce<StoredAlert | undefined>(
    (open, period, i) => nextAlert(open, period, `a${i}`, 1000 + i),
    undefined,
  )
}

describe('the alert of an endpoint', () => {
  it('is opened by the first finding and joined by others', () => {
    expect(following(observed(1))).toBeUndefined()
    const move = { feature: 'vicprice', psi: 0.4, noise: 0.03, change: 'mean 1 → 2', cost: 0.03 }
    const opened = following(observed(1), observed(2, [finding('drift')], { features: [move] }))!
    expect(opened).toMatchObject({
      ...{ id: 'a1', kinds: ['drift'], title: 'drift!', explanation: 'It is drift.', eventTime: 2 * DAY },
      ...{ openedAt: 1001, closedAt: null, champion: 7, features: [move], action: null, pipelineRun: null },
      cost: { estimated: 0.03, measured: null, metric: 'roc_auc' },
    })
    const joined = nextAlert(
      opened,
      observed(3, [finding('quality'), finding('decay')], { measuredCost: 0.06, estimatedCost: 0 }),
      'other',
      2000,
    )!
    expect(joined).toMatchObject({
      ...{ id: 'a1', kinds: ['drift', 'quality', 'decay'], title: 'drift! · quality! · decay!', features: [move] },
      // What drift was priced at stays with the drift that was found.
      cost: { estimated: 0.03, measured: 0.06 },
      openedAt: 1001,
    })
  })

  it('tells the latest of each finding', () => {
    const alert = following(
      observed(1, [finding('drift', 'drift'), finding('decay')]),
      observed(2, [finding('drift', 'more drift')]),
    )!
    expect(alert.title).toBe('more drift! · decay!')
  })

  it('is closed when nothing was found for a window, and not a day before', () => {
    const quiet = (to: number) => Array.from({ length: to - 2 }, (_, i) => observed(3 + i))
    const found = [observed(1, [finding('decay')]), observed(2, [finding('decay')])]
    expect(following(...found, ...quiet(8))!.closedAt).toBeNull()
    expect(following(...found, ...quiet(9))).toMatchObject({
      closedAt: expect.any(Number),
      closedBecause: 'the monitors have found nothing any more',
    })
  })

  it('is closed when another champion serves, whatever is found of that one', () => {
    const closed = following(observed(1, [finding('decay')]), observed(2, [finding('decay')], { champion: 8 }))
    expect(closed).toMatchObject({ champion: 7, closedBecause: 'v8 serves now', closedAt: 1001 })
  })
})

describe('findings in words', () => {
  it('name the features that moved, by how much, and what it costs', () => {
    const move = (feature: string, psi: number) => ({
      feature,
      psi,
      noise: 0.03,
      change: 'mean 0.42 → 0.61',
      cost: 0.02,
    })
    expect(driftFinding([move('vicprice', 0.4123), move('transfer', 0.3)], 0.0312, 7 * DAY)).toEqual({
      kind: 'drift',
      headline: 'Drift in vicprice and transfer (PSI 0.412, 0.3)',
      detail:
        'Over the last 7d 2 features left what the champion was trained on. vicprice: mean 0.42 → 0.61. transfer: mean 0.42 → 0.61. Where the answers now fall the model lost 0.031 more per row when it was released.',
    })
    const many = ['a', 'b', 'c', 'd', 'e'].map((name, i) => move(name, 0.5 - i / 10))
    expect(driftFinding(many, null, DAY).headline).toBe('Drift in a, b and 3 more (PSI 0.5, 0.4)')
  })

  it('say what was measured, with its interval, beside what was promised', () => {
    const quality = {
      context: { labels: 336 },
      lost: 0.059,
      measured: { value: 0.792, lower95: 0.742, upper95: 0.842, standard_error: 0.025 },
      atRelease: { value: 0.851, lower95: 0.83, upper95: 0.87 },
    }
    expect(qualityFinding(quality, 'roc_auc', 7, 7 * DAY)).toEqual({
      kind: 'quality',
      headline: 'roc_auc went from 0.851 to 0.792',
      detail:
        'On 336 labels of the last 7d v7 reached roc_auc 0.792 (95 %: 0.742 to 0.842); 0.851 was measured at its release.',
    })
    expect(decayFinding({ realised: 0.5, promised: 0.4 }, 0.62, 0.5, 7)).toEqual({
      kind: 'decay',
      headline: 'v7 loses 25 % more per answer than it promised',
      detail:
        'The excess of realised over promised loss has added up to 0.62; 0.5 is an alarm. The newest labels cost 0.5 per row, 0.4 was promised.',
    })
  })
})
