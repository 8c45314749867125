import { describe, expect, it } from 'vitest'
import { categorical, frameOf, numeric } from './frames.fixture.ts'
import { evaluate } from './metrics.ts'
import { seededRandom } from './random.ts'
import { segmentDifferences, segmentMetrics } from './segments.ts'

/** 1,200 rows in four regions; the scores know nothing in the west, and the south has only ten rows. */
function regions() {
  const random = seededRandom(21)
  const region = Array.from({ length: 1200 }, (_, i) => (i < 10 ? 'south' : (['north', 'east', 'west'][i % 3] ?? '')))
  const truth = Float64Array.from(region, () => random.below(2))
  const scores = truth.map((y, i) => (region[i] === 'west' ? random.uniform() : 0.25 + 0.5 * y * random.uniform()))
  const months = numeric(
    'months',
    region.map((_, i) => (i % 20 === 0 ? Number.NaN : i)),
  )
  return { truth, scores, frame: frameOf(categorical('region', region), months) }
}

describe('segments', () => {
  const { truth, scores, frame } = regions()

  it('are measured as if alone', () => {
    const { segments } = segmentMetrics('binary', truth, scores, frame, ['region'])
    const rows = [...truth.keys()].filter((i) => i >= 10 && i % 3 === 2)
    const west = segments.find((s) => s.segment === 'west')!
    const alone = evaluate(
      'binary',
      Float64Array.from(rows, (i) => truth[i]!),
      Float64Array.from(rows, (i) => scores[i]!),
    )
    expect(west.n).toBe(rows.length)
    expect(west.metrics).toEqual(alone)
    expect(west.estimate!.value).toBeCloseTo(alone.roc_auc!, 12)
    expect(segments.reduce((sum, s) => sum + s.share, 0)).toBeCloseTo(1, 12)
  })

  it('name the worst one that is not just small', () => {
    const report = segmentMetrics('binary', truth, scores, frame, ['region', 'months'])
    expect(report.worst).toMatchObject({ column: 'region', segment: 'west' })
    expect(report.segments.find((s) => s.segment === 'south')).toMatchObject({ n: 10, metrics: {}, estimate: null })
  })

  it('cut a numeric column into ranges and the missing', () => {
    const { segments } = segmentMetrics('binary', truth, scores, frame, ['months'])
    expect(segments.map((s) => s.segment)).toEqual(['≤ 240', '240 – 480', '480 – 720', '720 – 960', '> 960', 'missing'])
    expect(segments.map((s) => s.n)).toEqual([228, 228, 228, 228, 228, 60])
  })

  it('work for classes and amounts', () => {
    const random = seededRandom(2)
    const label = Float64Array.from({ length: 1200 }, () => random.below(3))
    const probabilities = Float64Array.from({ length: 3600 }, (_, i) =>
      label[Math.floor(i / 3)] === i % 3 ? 0.6 : 0.2,
    )
    const classes = segmentMetrics('multiclass', label, probabilities, frame, ['region'])
    expect(classes.segments[1]!.metrics).toMatchObject({ accuracy: 1 })
    const amounts = segmentMetrics(
      'regression',
      label,
      label.map((y) => y + 1),
      frame,
      ['region'],
      { metric: 'bias' },
    )
    expect(amounts.segments[1]!.estimate).toEqual({ value: 1, lower95: 1, upper95: 1 })
  })

  it('say where a candidate is better and where it is not', () => {
    const random = seededRandom(8)
    const better = scores.map((s, i) => (i % 3 === 2 ? 0.5 * truth[i]! + 0.5 * random.uniform() : s))
    const differences = segmentDifferences('binary', truth, better, scores, frame, ['region'])
    expect(differences.map((d) => [d.segment, d.improvement.verdict])).toEqual(
      expect.arrayContaining([
        ['west', 'better'],
        ['north', 'not_worse'],
      ]),
    )
    expect(differences.some((d) => d.segment === 'south')).toBe(false)
  })

  it('names the columns there are when asked for one that is not', () => {
    expect(() => segmentMetrics('binary', truth, scores, frame, ['colour'])).toThrow(
      'no column "colour"; there are region, months',
    )
  })
})
