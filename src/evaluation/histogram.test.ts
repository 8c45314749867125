import { describe, expect, it } from 'vitest'
import type { CategoricalColumn, Column, NumericColumn } from '#platform/table'
import { Distribution, type NumericHistogram } from './contract.ts'
import { categorical, frameOf, numeric } from './frames.fixture.ts'
import { baselineOf, binsOfRows, distributionOf } from './histogram.ts'
import { mergeDistributions } from './merge.ts'
import { seededRandom } from './random.ts'

const countsOf = (d: Distribution) => d.features.map((f) => f.counts)

describe('baselines', () => {
  it('puts a tenth of a continuous column in each bin and the missing in the last', () => {
    const random = seededRandom(5)
    const values = Array.from({ length: 1000 }, () => random.normal())
    const baseline = baselineOf(frameOf(numeric('x', [...values, Number.NaN, Number.NaN])))
    expect(countsOf(baseline)[0]).toEqual([...new Array(10).fill(100), 2])
  })

  it('gives each of few values a bin, whatever their shares', () => {
    const [histogram] = baselineOf(frameOf(numeric('x', [3, 1, 1, 1, 1, 1, 2, 3]))).features
    expect(histogram).toMatchObject({ edges: [1.5, 2.5], counts: [5, 1, 2, 0], mean: 13 / 8, min: 1, max: 3 })
  })

  it('keeps an atom that fills several bins in one, without an empty bin behind the largest value', () => {
    const values = [...new Array(600).fill(0), ...Array.from({ length: 400 }, (_, i) => i + 1)]
    const [counts] = countsOf(baselineOf(frameOf(numeric('x', values))))
    expect(counts).toEqual([600, 100, 100, 100, 100, 0])
    const topHeavy = [...Array.from({ length: 400 }, (_, i) => i), ...new Array(600).fill(1000)]
    expect(countsOf(baselineOf(frameOf(numeric('x', topHeavy))))[0]).toEqual([100, 100, 100, 100, 600, 0])
  })

  it('sees a constant column come alive on either side', () => {
    const baseline = baselineOf(frameOf(numeric('x', [0.003467, 0.003467, 0.003467])))
    const now = distributionOf(frameOf(numeric('x', [0.003467, 0.0034, 0.0036, Number.NaN])), baseline)
    expect(countsOf(baseline)[0]).toEqual([0, 3, 0, 0])
    expect(countsOf(now)[0]).toEqual([1, 1, 1, 1])
    // The same constant after a journey through 32-bit floats is still the constant.
    const float32 = distributionOf(
      frameOf(numeric('x', [Math.fround(0.1)])),
      baselineOf(frameOf(numeric('x', [0.1, 0.1]))),
    )
    expect(Math.fround(0.1)).not.toBe(0.1)
    expect(countsOf(float32)[0]).toEqual([0, 1, 0, 0])
  })

  it('has a bin for nothing but the missing when all are', () => {
    const baseline = baselineOf(frameOf(numeric('x', [Number.NaN, Number.NaN])))
    expect(baseline.features[0]).toMatchObject({ counts: [0, 2], edges: [], mean: null, min: null })
  })

  it('counts an infinite value as missing', () => {
    const [histogram] = baselineOf(
      frameOf(numeric('x', [1, 2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])),
    ).features
    expect(histogram).toMatchObject({ counts: [1, 1, 2], mean: 1.5, max: 2 })
  })

  it('keeps the top categories, and tells a rare one from one never seen', () => {
    const baseline = baselineOf(frameOf(categorical('c', ['a', 'b', 'a', 'd', null, 'b', 'a'])), { categories: 2 })
    expect(baseline.features[0]).toMatchObject({ categories: ['a', 'b'], counts: [3, 2, 1, 1], others: { d: 1 } })
    // The codes of another frame's dictionary do not matter, only the names.
    const now = distributionOf(frameOf(categorical('c', ['z', 'd', 'b', null])), baseline)
    expect(now.features[0]).toMatchObject({ counts: [0, 1, 2, 1], others: { z: 1, d: 1 } })
  })

  it('survives JSON unchanged', () => {
    const baseline = baselineOf(frameOf(numeric('x', [1, 2, Number.NaN]), categorical('c', ['a', null, 'b'])))
    expect(Distribution.parse(JSON.parse(JSON.stringify(baseline)))).toEqual(baseline)
  })
})

describe('windows', () => {
  it('are counted in the bins of the baseline, every row once', () => {
    const random = seededRandom(9)
    const draw = () => Array.from({ length: 500 }, () => (random.uniform() < 0.1 ? Number.NaN : random.normal()))
    const baseline = baselineOf(frameOf(numeric('x', draw())))
    const column = numeric('x', draw())
    const [now] = distributionOf(frameOf(column), baseline).features
    const byRow = new Array<number>(now!.counts.length).fill(0)
    for (const bin of binsOfRows(column, baseline.features[0]!)) byRow[bin]!++
    expect(now!.counts).toEqual(byRow)
    expect(now!.counts.reduce((a, b) => a + b, 0)).toBe(500)
  })

  it('count the values outside the range of the baseline, but not for the rounding of 32-bit floats', () => {
    const baseline = baselineOf(frameOf(numeric('x', [0.1, 0.2, 0.7])))
    const now = distributionOf(frameOf(numeric('x', [0.05, 0.1, Math.fround(0.7), 0.71, 99])), baseline)
    expect(Math.fround(0.7)).toBeLessThan(0.7)
    expect(now.features[0]).toMatchObject({ below: 1, above: 2 })
    const rounded = [Math.fround(0.1), Math.fround(0.2), Math.fround(0.7)]
    expect(distributionOf(frameOf(numeric('x', rounded)), baseline).features[0]).toMatchObject({
      below: 0,
      above: 0,
      counts: [1, 1, 1, 0],
    })
  })

  it('merge to what counting all their rows at once gives', () => {
    const random = seededRandom(4)
    const draw = (n: number) =>
      frameOf(
        numeric(
          'x',
          Array.from({ length: n }, () => (random.uniform() < 0.1 ? Number.NaN : 1e6 + random.normal())),
        ),
        categorical(
          'c',
          Array.from({ length: n }, () => ['a', 'b', 'c', 'd', null][random.below(5)]!),
        ),
      )
    const baseline = baselineOf(draw(500), { categories: 2 })
    const [first, second] = [draw(70), draw(30)]
    const both = frameOf(
      ...first.columns.map((column, i): Column => {
        const other = second.columns[i]!
        if (column.kind === 'numeric')
          return numeric(column.name, [...column.values, ...(other as NumericColumn).values])
        const names = (c: CategoricalColumn) => Array.from(c.codes, (code) => c.categories[code] ?? null)
        return categorical(column.name, [...names(column), ...names(other as CategoricalColumn)])
      }),
    )
    const merged = mergeDistributions(distributionOf(first, baseline), distributionOf(second, baseline))
    const counted = distributionOf(both, baseline)
    expect(merged.features[1]).toEqual(counted.features[1])
    const [x, y] = [merged.features[0] as NumericHistogram, counted.features[0] as NumericHistogram]
    expect({ ...x, mean: 0, std: 0 }).toEqual({ ...y, mean: 0, std: 0 })
    expect(x.mean).toBeCloseTo(y.mean!, 8)
    expect(x.std).toBeCloseTo(y.std!, 8)
    const none = distributionOf(frameOf(numeric('x', []), categorical('c', [])), baseline)
    expect(mergeDistributions(none, counted)).toEqual(counted)
    expect(mergeDistributions(counted, none)).toEqual(counted)
    expect(() => mergeDistributions(counted, baselineOf(draw(50)))).toThrow(
      'column "x": the two histograms have different bins',
    )
  })

  it('leave out a column that is gone or has changed its kind', () => {
    const baseline = baselineOf(frameOf(numeric('x', [1, 2]), numeric('y', [1, 2])))
    expect(distributionOf(frameOf(categorical('x', ['1', '2'])), baseline).features).toEqual([])
  })
})
