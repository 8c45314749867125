import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Column } from '#platform/table'
import { DriftReport } from './contract.ts'
import { compareDistributions, type DriftOptions, scoreFrame } from './drift.ts'
import { categorical, frameOf, numeric } from './frames.fixture.ts'
import { baselineOf, distributionOf } from './histogram.ts'
import { seededRandom } from './random.ts'

function compare(before: Column[], now: Column[], options?: DriftOptions) {
  const baseline = baselineOf(frameOf(...before))
  const report = compareDistributions(baseline, distributionOf(frameOf(...now), baseline), options)
  expect(DriftReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
  return report
}

const random = seededRandom(13)
const draw = (n: number, next: () => number) => Array.from({ length: n }, next)
const normal = (n: number, mean = 0, std = 1) => draw(n, () => mean + std * random.normal())
const pick = (n: number, shares: Record<string, number>) =>
  draw(n, () => 0).map(() => {
    let left = random.uniform()
    for (const [name, share] of Object.entries(shares)) {
      left -= share
      if (left < 0) return name
    }
    return null
  })

describe('a change is told in words', () => {
  const one = (before: Column, now: Column) => compare([before], [now]).features[0]!

  it.each([
    [
      'a constant that comes alive',
      new Array(500).fill(0.003467),
      normal(300, 0.0041, 0.0001),
      'came_alive',
      'came alive: was always 0.003467, now mean 0.0041',
    ],
    [
      'a column that was always missing',
      new Array(500).fill(Number.NaN),
      new Array(300).fill(2),
      'came_alive',
      'came alive: was always missing, now mean 2',
    ],
    ['a sensor that sticks', normal(500), new Array(300).fill(0.25), 'went_constant', 'went constant: mean '],
    ['a price rise', normal(500, 10), normal(300, 12), 'moved_up', 'mean 10.0?\\d* → 1[12]'],
    ['a fall', normal(500, 10), normal(300, 9), 'moved_down', 'mean '],
    [
      'a fall that rare peaks hide from the mean',
      draw(2000, () => (random.uniform() < 0.02 ? 500 : 2 + random.uniform())),
      draw(300, () => (random.uniform() < 0.02 ? 500 : 1.7 + random.uniform())),
      'moved_down',
      'median 2.\\d+ → 2.\\d+',
    ],
    [
      'a shape without a name',
      normal(2000),
      draw(300, () => (random.below(2) ? 1.09 : -1.09) + 0.1 * random.normal()),
      'reshaped',
      '\\d+ – -?\\d.*: \\d+(.\\d)? % → \\d+(.\\d)? %',
    ],
    ['one constant for another', new Array(500).fill(3), new Array(300).fill(5), 'moved_up', 'mean 3 → 5'],
    ['a wider spread', normal(500), normal(300, 0, 2), 'wider', 'standard deviation '],
    ['a narrower spread', normal(500), normal(300, 0, 0.4), 'narrower', 'standard deviation '],
    [
      'values never seen',
      draw(500, random.uniform),
      [...draw(290, random.uniform), ...new Array(10).fill(9)],
      'outside',
      '3.\\d % outside the range seen before',
    ],
    [
      'more missing',
      normal(500),
      [...normal(200), ...new Array(100).fill(Number.NaN)],
      'more_missing',
      'missing 0 % → 33.3 %',
    ],
    [
      'fewer missing',
      [...normal(400), ...new Array(100).fill(Number.NaN)],
      normal(300),
      'fewer_missing',
      'missing 20 % → 0 %',
    ],
  ])('%s', (_name, before, now, kind, text) => {
    const feature = one(numeric('x', before), numeric('x', now))
    expect(feature.changes.map((change) => change.kind)).toContain(kind)
    expect(feature.description).toMatch(new RegExp(text))
  })

  it.each([
    [
      'a new category',
      pick(500, { a: 0.5, b: 0.5 }),
      [...pick(280, { a: 0.5, b: 0.5 }), ...new Array(20).fill('z')],
      'new_category',
      'new category "z" \\(6.7 %\\)',
    ],
    [
      'several',
      pick(500, { a: 1 }),
      [...pick(280, { a: 1 }), 'p', 'q', 'q', 'r', 's'],
      'new_category',
      '4 new categories "q", "p", "r", …',
    ],
    [
      'a lost category',
      pick(500, { a: 0.8, b: 0.2 }),
      pick(300, { a: 1 }),
      'lost_category',
      'no more "b" \\(was \\d+(.\\d)? %\\)',
    ],
    [
      'more of one',
      pick(500, { a: 0.8, b: 0.2 }),
      pick(300, { a: 0.4, b: 0.6 }),
      'more_of_category',
      '"b" \\d+(.\\d)? % → \\d+(.\\d)? %',
    ],
  ])('%s', (_name, before, now, kind, text) => {
    const feature = one(categorical('c', before), categorical('c', now))
    expect(feature.changes.map((change) => change.kind)).toContain(kind)
    expect(feature.description).toMatch(new RegExp(text))
  })

  it('a column that is gone', () => {
    const { features } = compare([numeric('x', normal(500)), numeric('y', normal(500))], [numeric('x', normal(300))])
    expect(features[0]).toMatchObject({ name: 'y', severity: 'large', changes: [{ kind: 'gone' }] })
  })

  it('no category is called new where a column has too many to know them all', () => {
    const ids = (from: number) => draw(1500, () => 0).map((_, i) => `id-${from + i}`)
    const [feature] = compare([categorical('id', ids(0))], [categorical('id', ids(9000))]).features
    expect(feature!.changes.map((change) => change.kind)).not.toContain('new_category')
  })
})

describe('drift', () => {
  it('is told from noise: a hundred windows of twenty features raise about one false alarm', () => {
    const shapes: (() => number)[] = [
      () => random.normal(),
      () => -Math.log(1 - random.uniform()),
      () => Math.exp(random.normal()),
      () => random.below(3),
      () => (random.uniform() < 0.9 ? 0 : random.uniform()),
    ]
    const columns = (n: number) => [
      ...draw(16, () => 0).map((_, i) => numeric(`x${i}`, draw(n, shapes[i % shapes.length]!))),
      ...draw(4, () => 0).map((_, i) => categorical(`c${i}`, pick(n, { a: 0.6, b: 0.3, c: 0.07, d: 0.02 }))),
    ]
    const baseline = baselineOf(frameOf(...columns(2000)))
    let alarms = 0
    let words = 0
    for (let round = 0; round < 100; round++) {
      const now = distributionOf(frameOf(...columns(120)), baseline)
      const { features } = compareDistributions(baseline, now)
      if (features.some((feature) => feature.severity !== 'none')) alarms++
      if (features.some((feature) => feature.changes.length > 0)) words++
    }
    expect(alarms).toBeLessThanOrEqual(4)
    expect(words).toBeLessThanOrEqual(6)
  })

  it('is large for a large shift, and first in the list', () => {
    const report = compare(
      [numeric('still', normal(2000)), numeric('moved', normal(2000))],
      [numeric('still', normal(500)), numeric('moved', normal(500, 1))],
    )
    expect(report.features.map((feature) => [feature.name, feature.severity])).toEqual([
      ['moved', 'large'],
      ['still', 'none'],
    ])
    expect(report.features[0]!.pValue).toBeLessThan(1e-20)
    // Two normals a standard deviation apart: their cumulated shares differ by 2 Phi(1/2) - 1 = 0.383 at most.
    expect(report.features[0]!.kolmogorovSmirnov).toBeGreaterThan(0.3)
    expect(report.features[0]!.kolmogorovSmirnov).toBeLessThan(0.45)
  })

  it('asks for more proof where rows repeat each other', () => {
    const before = [numeric('x', normal(2000))]
    const now = [numeric('x', normal(200, 0.5))]
    expect(compare(before, now).features[0]!.severity).not.toBe('none')
    expect(compare(before, now, { designEffect: 20 }).features[0]!.severity).toBe('none')
  })

  it('watches scores like any feature', () => {
    const baseline = baselineOf(scoreFrame(Float64Array.from(draw(1000, random.uniform))))
    const now = distributionOf(scoreFrame(Float64Array.from(draw(400, () => random.uniform() ** 2))), baseline)
    expect(compareDistributions(baseline, now).features[0]).toMatchObject({ name: 'score', severity: 'large' })
  })

  it('says nothing of no rows', () => {
    const report = compare([numeric('x', normal(50))], [numeric('x', [])])
    expect(report.features[0]).toMatchObject({ psi: 0, severity: 'none', changes: [], kolmogorovSmirnov: null })
  })
})

const elec2 = new URL('../../../shared/data/elec2/elec2.csv', import.meta.url)

describe('on real data', () => {
  it.skipIf(!existsSync(elec2))(
    'sees the Victorian market of Elec2 come alive in May 1997 (needs the Elec2 file)',
    () => {
      const [header, ...lines] = readFileSync(elec2, 'utf8').trim().split('\n')
      const names = header!.split(',')
      const at = names.indexOf('vicprice')
      const columns = (from: number, to: number) =>
        ['nswprice', 'vicprice', 'transfer'].map((name) =>
          numeric(
            name,
            lines.slice(from, to).map((line) => Number(line.split(',')[names.indexOf(name)])),
          ),
        )
      expect(at).toBeGreaterThan(0)
      const report = compare(columns(0, 4531), columns(25_000, 25_336), { designEffect: 10 })
      const vicprice = report.features.find((feature) => feature.name === 'vicprice')!
      expect(vicprice).toMatchObject({ severity: 'large' })
      expect(vicprice.description).toMatch(/^came alive: was always 0\.003467, now mean 0\.00/)
    },
  )
})
