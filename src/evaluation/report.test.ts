import { describe, expect, it } from 'vitest'
import type { Frame } from '#platform/table'
import { columnNamed } from '#platform/table'
import { ChampionComparison, EvaluationReport } from './contract.ts'
import { categorical, frameOf, numeric } from './frames.fixture.ts'
import { seededRandom } from './random.ts'
import { multiclass, regression } from './reference.fixture.ts'
import { buildReport, compareWithChampion } from './report.ts'

const random = seededRandom(77)
const n = 1500
const x = Float64Array.from({ length: n }, () => random.normal())
const frame = frameOf(
  numeric('x', x),
  categorical(
    'region',
    Array.from({ length: n }, () => ['north', 'south'][random.below(2)]!),
  ),
)
const logistic = (v: number) => 1 / (1 + Math.exp(-v))
const truth = x.map((v) => (random.uniform() < logistic(2 * v) ? 1 : 0))
const predict = async (f: Frame) =>
  (columnNamed(f, 'x') as { values: Float64Array }).values.map((v) => (Number.isNaN(v) ? 0.5 : logistic(2 * v)))

describe('the evaluation report', () => {
  it('holds everything, and survives storage', async () => {
    const scores = await predict(frame)
    const report = await buildReport({
      task: 'binary',
      truth,
      scores,
      frame,
      segments: ['x', 'region'],
      sensitive: ['region'],
      predict,
    })
    expect(EvaluationReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
    expect(report).toMatchObject({ task: 'binary', metric: 'roc_auc', direction: 'higher', n, threshold: 0.5 })
    expect(report.baselineMetrics).toMatchObject({ roc_auc: 0.5, ece: expect.closeTo(0, 10) })
    expect(report.meanLoss).toBe(report.metrics.log_loss!.value)
    expect(report.segments!.segments).toHaveLength(7)
    expect(report.fairness[0]!.fourFifths).toMatchObject({ passed: true })
    expect(report.robustness!.checks).toHaveLength(3)
    expect(report.calibration!.reduce((sum, bin) => sum + bin.weight, 0)).toBe(n)
    expect(report.undefinedMetrics).toEqual([])
    expect(report.warnings).toEqual([])
  })

  it('is the same report for the same rows', async () => {
    const input = { task: 'binary', truth, scores: await predict(frame), frame, segments: ['region'], predict } as const
    expect(await buildReport(input)).toEqual(await buildReport(input))
  })

  it('warns of what a reader must know', async () => {
    const useless = await buildReport({ task: 'binary', truth, scores: new Float64Array(n).fill(0.3) })
    expect(useless.warnings).toEqual(['By roc_auc the model is no better than always giving the same answer.'])
    const oneClass = await buildReport({ task: 'binary', truth: new Float64Array(9), scores: new Float64Array(9) })
    expect(oneClass.undefinedMetrics).toEqual(expect.arrayContaining(['roc_auc', 'recall']))
    expect(oneClass.warnings[0]).toContain('roc_auc, which the model is judged by, is undefined on these 9 rows')
    expect(oneClass.warnings[1]).toContain('The rarer outcome has 0 rows only')
  })

  it('is possible of no rows, and of classes and amounts', async () => {
    const none = await buildReport({ task: 'regression', truth: new Float64Array(0), scores: new Float64Array(0) })
    expect(EvaluationReport.parse(JSON.parse(JSON.stringify(none)))).toMatchObject({
      n: 0,
      metrics: {},
      meanLoss: null,
    })
    for (const input of [
      { task: 'multiclass', ...multiclass },
      { task: 'regression', ...regression },
    ] as const) {
      const report = await buildReport(input)
      expect(EvaluationReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
      expect(report).toMatchObject({ threshold: null, positiveRate: null, calibration: null })
    }
  })

  it('refuses a metric or a column that is not there', async () => {
    const input = { task: 'binary', truth, scores: x.map(logistic), frame } as const
    await expect(buildReport({ ...input, metric: 'auc' })).rejects.toThrow('no binary metric "auc"')
    await expect(buildReport({ ...input, segments: ['colour'] })).rejects.toThrow('no column "colour"')
  })
})

describe('a candidate against the champion', () => {
  const champion = x.map((v, i) => (i % 2 ? logistic(2 * v) : 0.5))
  const candidate = x.map((v) => logistic(2 * v))

  it('is better overall and in every segment, and says so', () => {
    const comparison = compareWithChampion({ task: 'binary', truth, candidate, champion, frame, segments: ['region'] })
    expect(ChampionComparison.parse(JSON.parse(JSON.stringify(comparison)))).toEqual(comparison)
    expect(comparison.improvement!.verdict).toBe('better')
    expect(comparison.segments.map((s) => s.improvement.verdict)).toEqual(['better', 'better'])
    expect(comparison.explanation).toMatch(
      /^The candidate is better: roc_auc 0\.\d{4} against 0\.\d{4} on 1500 rows, improvement \+0\.\d{4} with a standard error of 0\.\d{4}\.$/,
    )
  })

  it('cannot be told apart from itself', () => {
    const comparison = compareWithChampion({
      task: 'binary',
      truth,
      candidate,
      champion: candidate,
      metric: 'log_loss',
    })
    expect(comparison.improvement).toMatchObject({ improvement: 0, standardError: 0, verdict: 'not_worse' })
  })

  it('has nothing to say by a metric the rows do not define', () => {
    const zeros = new Float64Array(n)
    const comparison = compareWithChampion({ task: 'binary', truth: zeros, candidate, champion })
    expect(comparison.improvement).toBeNull()
    expect(comparison.explanation).toContain('roc_auc is undefined on these 1500 rows')
  })
})
