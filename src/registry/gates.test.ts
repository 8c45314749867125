import { describe, expect, it } from 'vitest'
import { buildReport, compareWithChampion } from '#evaluation'
import type { Frame } from '#platform/table'
import { judgeGates } from './gates.ts'

const ROWS = 600
const truth = Float64Array.from({ length: ROWS }, (_, i) => (i * 7919) % 2)
const weekend = Int32Array.from({ length: ROWS }, (_, i) => (i % 3 === 0 ? 1 : 0))
const frame: Frame = {
  rows: ROWS,
  columns: [{ name: 'day', kind: 'categorical', codes: weekend, categories: ['weekday', 'weekend'] }],
}
/** Scores that rank well, apart from rows where `spoilt` says so. */
const scores = (spoilt: (row: number) => boolean) =>
  truth.map((y, i) => (spoilt(i) ? 1 - y : y) * 0.6 + 0.2 + 0.1 * Math.sin(i))
const good = scores((i) => i % 10 === 0)
const parity = { maxAbsDifference: 1e-8, maxScaledDifference: 1e-8, rows: ROWS }

async function candidate(candidateScores: Float64Array, champion?: Float64Array) {
  const shared = { task: 'binary' as const, truth, frame, segments: ['day'] }
  return {
    parity,
    report: await buildReport({ ...shared, scores: candidateScores }),
    comparison: champion
      ? { ...compareWithChampion({ ...shared, candidate: candidateScores, champion }), version: 7 }
      : null,
  }
}

const NOT_WORSE = 'improvement.value >= -improvement.standard_error'
const NO_COLLAPSE = 'segments.all(s, s.improvement.value >= -3 * s.improvement.standard_error)'

describe('gates about explanations', () => {
  const importance = [
    { feature: 'heat', share: 0.5 },
    { feature: 'age', share: 0.3 },
    { feature: 'gender', share: 0.2 },
  ]
  const verdicts = async (gates: string[], over: object = {}, champion?: typeof importance) =>
    judgeGates(gates, { ...(await candidate(good)), importance, ...over }, champion).map(({ passed }) => passed)

  it('hold a model to what its answers rest on', async () => {
    const gates = ['explanation.top1 <= 0.6', 'explanation.top3 > 0.9', 'explanation.share("gender") < 0.1']
    expect(await verdicts(gates)).toEqual([true, true, false])
  })

  it('fail where nothing is known of it, or of the feature', async () => {
    expect(await verdicts(['explanation.top1 <= 0.6'], { importance: [] })).toEqual([false])
    expect(await verdicts(['explanation.share("nobody") < 0.1'])).toEqual([false])
  })

  it('compare with what the champion rests on', async () => {
    const moved = [{ feature: 'heat', share: 0.3 }, { feature: 'age', share: 0.5 }, importance[2]!]
    expect(await verdicts(['explanation.stability > 0.79 && explanation.stability < 0.81'], {}, moved)).toEqual([true])
    expect(await verdicts(['explanation.stability == 1.0'], {}, importance)).toEqual([true])
  })

  it('wait for staging when they are about latency or memory', async () => {
    const gates = ['latency.p99 < 50.0', 'metrics.roc_auc > 0.1 || champion.latency.p50 > 1.0']
    expect(judgeGates(gates, await candidate(good))).toEqual(
      gates.map((condition) => ({ condition, passed: false, pending: true, explanation: expect.any(String) })),
    )
  })
})

describe('gates', () => {
  it('pass a first candidate on comparisons, and say that there is nobody to compare with', async () => {
    const [verdict] = judgeGates([NOT_WORSE], await candidate(good))
    expect(verdict).toMatchObject({ passed: true, explanation: expect.stringContaining('no champion') })
  })

  it('pass a candidate that is as good as the champion', async () => {
    expect(judgeGates([NOT_WORSE, NO_COLLAPSE], await candidate(good, good)).map((gate) => gate.passed)).toEqual([
      true,
      true,
    ])
  })

  it('stop a candidate that is worse, with the values that say so', async () => {
    const [verdict] = judgeGates(
      [NOT_WORSE],
      await candidate(
        scores((i) => i % 3 === 0),
        good,
      ),
    )
    expect(verdict!.passed).toBe(false)
    expect(verdict!.explanation).toMatch(/improvement\.value = -0\.\d+/)
  })

  it('stop a candidate that collapses in one segment, and name it', async () => {
    const [verdict] = judgeGates(
      [NO_COLLAPSE],
      await candidate(
        scores((i) => weekend[i] === 1 && i % 2 === 0),
        good,
      ),
    )
    expect(verdict!.passed).toBe(false)
    expect(verdict!.explanation).toContain('weekend')
  })

  it('read intervals, the champion, parity and segments by name', async () => {
    const conditions = [
      'metrics.roc_auc.lower95 >= champion.metrics.roc_auc - 0.005',
      'parity.max_abs_difference <= 0.000001',
      'segments("day").all(s, s.metrics.roc_auc >= champion.segment(s).roc_auc - 0.05)',
      'champion.version == 7',
    ]
    const verdicts = judgeGates(
      conditions,
      await candidate(
        good,
        scores((i) => i % 4 === 0),
      ),
    )
    for (const { condition, passed, explanation } of verdicts) expect(passed, `${condition}: ${explanation}`).toBe(true)
  })
})
