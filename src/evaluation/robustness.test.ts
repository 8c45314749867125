import { describe, expect, it } from 'vitest'
import type { Frame } from '#platform/table'
import { columnNamed } from '#platform/table'
import { categorical, frameOf, numeric } from './frames.fixture.ts'
import { seededRandom } from './random.ts'
import { robustnessOf } from './robustness.ts'

const random = seededRandom(31)
const n = 2000
const frame = frameOf(
  numeric(
    'x',
    Array.from({ length: n }, () => 100 * random.normal()),
  ),
  numeric('constant', new Array(n).fill(7)),
  categorical(
    'c',
    Array.from({ length: n }, (_, i) => 'ab'[i % 2]!),
  ),
)
const values = (f: Frame, name: string) => (columnNamed(f, name) as { values: Float64Array }).values
const truth = Float64Array.from(values(frame, 'x'), (x) => (x > 0 ? 1 : 0))
const logistic = (f: Frame) => values(f, 'x').map((x) => (Number.isNaN(x) ? 0.5 : 1 / (1 + Math.exp(-x / 100))))

describe('robustness', () => {
  it('leaves exact whole numbers alone, and shakes counts and measurements', async () => {
    const shaken: Record<string, boolean> = {}
    const table = frameOf(
      numeric(
        'hour',
        Array.from({ length: n }, (_, i) => i % 24),
      ),
      numeric(
        'count',
        Array.from({ length: n }, (_, i) => i),
      ),
      numeric(
        'share',
        Array.from({ length: n }, (_, i) => (i % 10) / 10),
      ),
    )
    await robustnessOf(
      'regression',
      truth,
      table,
      (f) => {
        for (const { name } of table.columns)
          shaken[name] = values(f, name).some((value) => !Number.isInteger(Number((value * 10).toFixed(9))))
        return values(f, 'hour')
      },
      { perturbations: [{ kind: 'noise', level: 0.05 }] },
    )
    expect(shaken).toEqual({ hour: false, count: true, share: true })
  })

  it('measures noise in the spread of each column', async () => {
    // A column that is standard normal in its spread, with noise e of spread s, changes sign with chance atan(s) / pi.
    const report = await robustnessOf('binary', truth, frame, logistic, {
      perturbations: [0.01, 0.05, 0.5].map((level) => ({ kind: 'noise', level })),
    })
    const expected = [0.01, 0.05, 0.5].map((s) => Math.atan(s) / Math.PI)
    report.checks.forEach((check, i) => {
      const error = Math.sqrt((expected[i]! * (1 - expected[i]!)) / n)
      expect(Math.abs(check.flipped! - expected[i]!)).toBeLessThan(4 * error + 0.05 * expected[i]!)
      expect(check.loss).toBeCloseTo(report.unperturbed! - check.value!, 12)
    })
    expect(report.unperturbed).toBe(1)
    expect(report.flipsUnderNoise).toBe(report.checks[2]!.flipped)
    expect(report.relativeChangeUnderNoise).toBe(report.checks[2]!.loss)
  })

  it('makes the share of cells missing that it says, categories too', async () => {
    const seen: Frame[] = []
    await robustnessOf(
      'binary',
      truth,
      frame,
      async (f) => {
        seen.push(f)
        return logistic(f)
      },
      { perturbations: [{ kind: 'missing', share: 0.2 }] },
    )
    const share = values(seen[1]!, 'x').filter(Number.isNaN).length / n
    const codes = (columnNamed(seen[1]!, 'c') as { codes: Int32Array }).codes
    expect(share).toBeCloseTo(0.2, 1)
    expect(codes.filter((code) => code === -1).length / n).toBeCloseTo(0.2, 1)
    expect(values(seen[0]!, 'x')).toEqual(values(frame, 'x'))
  })

  it('leaves alone what is no feature, constants, and the frame it was given', async () => {
    const before = values(frame, 'x').slice()
    let last: Frame | undefined
    const predict = (f: Frame) => {
      last = f
      return logistic(f)
    }
    await robustnessOf('binary', truth, frame, predict, { perturbations: [{ kind: 'noise', level: 1 }] })
    expect(values(last!, 'constant')).toEqual(values(frame, 'constant'))
    expect(values(last!, 'x')).not.toEqual(before)
    expect(values(frame, 'x')).toEqual(before)
    await robustnessOf('binary', truth, frame, predict, { features: ['constant'] })
    expect(values(last!, 'x')).toEqual(before)
  })

  it('reports a model that cannot take missing values as a finding', async () => {
    const fragile = async (f: Frame) => {
      if (values(f, 'x').some(Number.isNaN)) throw new Error('input contains NaN')
      return logistic(f)
    }
    const report = await robustnessOf('binary', truth, frame, fragile)
    expect(report.checks.map((check) => check.failure)).toEqual([null, null, 'input contains NaN'])
    expect(report.checks[2]).toMatchObject({ flipped: null, value: null })
  })

  it('looks at a sample of many rows, the same for the same seed', async () => {
    const run = (seed: number) => robustnessOf('binary', truth, frame, logistic, { maximumRows: 300, seed })
    expect((await run(1)).rows).toBe(300)
    expect(await run(1)).toEqual(await run(1))
    expect(await run(1)).not.toEqual(await run(2))
  })

  it('has shifts but no flips for amounts', async () => {
    const amounts = values(frame, 'x')
    const report = await robustnessOf('regression', amounts, frame, (f) => values(f, 'x').map((x) => x || 0), {
      perturbations: [{ kind: 'noise', level: 0.05 }],
    })
    // The mean of |normal| is sqrt(2 / pi) of its standard deviation, here 5 % of about 100.
    expect(report.checks[0]!.meanShift! / (5 * Math.sqrt(2 / Math.PI))).toBeCloseTo(1, 0)
    expect(report.checks[0]!.flipped).toBeNull()
  })
})
