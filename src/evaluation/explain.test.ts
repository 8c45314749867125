import { describe, expect, it } from 'vitest'
import type { CategoricalColumn, Frame, NumericColumn } from '#platform/table'
import { columnNamed, takeRows } from '#platform/table'
import { Explanation } from './contract.ts'
import { explainRow } from './explain.ts'
import { categorical, frameOf, numeric } from './frames.fixture.ts'
import { seededRandom } from './random.ts'

const random = seededRandom(41)
const background = frameOf(
  ...['a', 'b', 'c'].map((name) =>
    numeric(
      name,
      Array.from({ length: 25 }, () => random.normal()),
    ),
  ),
  categorical(
    'd',
    Array.from({ length: 25 }, (_, i) => ['low', 'high', null][i % 3]!),
  ),
)
const row = frameOf(numeric('c', [-2]), numeric('a', [1.5]), categorical('d', ['never seen']), numeric('b', [0.5]))

interface Row {
  a: number
  b: number
  c: number
  d: string | null
}

function modelOf(f: (row: Row) => number) {
  return async (frame: Frame) => {
    const number = (name: string) => (columnNamed(frame, name) as NumericColumn).values
    const d = columnNamed(frame, 'd') as CategoricalColumn
    return Float64Array.from({ length: frame.rows }, (_, i) =>
      f({ a: number('a')[i]!, b: number('b')[i]!, c: number('c')[i]!, d: d.categories[d.codes[i]!] ?? null }),
    )
  }
}

const levels: Record<string, number> = { low: -1, high: 1, 'never seen': 3 }
const level = (d: string | null) => (d === null ? 0 : levels[d]!)

/** Interventional Shapley values by their definition: every subset of the other features. */
function shapley(f: (row: Row) => number): Record<string, number> {
  const x: Row = { a: 1.5, b: 0.5, c: -2, d: 'never seen' }
  const rows = Array.from({ length: background.rows }, (_, i): Row => {
    const one = takeRows(background, [i])
    const number = (name: string) => (columnNamed(one, name) as NumericColumn).values[0]!
    const d = columnNamed(one, 'd') as CategoricalColumn
    return { a: number('a'), b: number('b'), c: number('c'), d: d.categories[d.codes[0]!] ?? null }
  })
  const names = ['a', 'b', 'c', 'd'] as const
  const worth = (subset: number) =>
    rows.reduce((sum, b) => {
      const mixed: Row = { ...b }
      names.forEach((name, i) => {
        if (subset & (1 << i)) Object.assign(mixed, { [name]: x[name] })
      })
      return sum + f(mixed)
    }, 0) / rows.length
  const factorial = [1, 1, 2, 6, 24]
  return Object.fromEntries(
    names.map((name, i) => {
      let value = 0
      for (let subset = 0; subset < 16; subset++) {
        if (subset & (1 << i)) continue
        const size = [0, 1, 2, 3].filter((j) => subset & (1 << j)).length
        value +=
          ((factorial[size]! * factorial[3 - size]!) / factorial[4]!) * (worth(subset | (1 << i)) - worth(subset))
      }
      return [name, value]
    }),
  )
}

describe('explaining one row', () => {
  it.each([
    ['features that act alone', (r: Row) => Math.sin(r.a) + r.b ** 2 + level(r.d)],
    ['features that act in pairs', (r: Row) => r.a * r.b + Math.max(r.b, r.c) + level(r.d) * r.a - r.c],
  ])('gives the Shapley values of %s', async (_name, f) => {
    const explanation = await explainRow({ predict: modelOf(f), row, background })
    const expected = shapley(f)
    for (const { feature, contribution } of explanation.contributions) {
      expect(contribution, feature).toBeCloseTo(expected[feature]!, 10)
    }
    expect(explanation.remainder).toBeCloseTo(0, 10)
    expect(Explanation.parse(JSON.parse(JSON.stringify(explanation)))).toEqual(explanation)
    const sizes = explanation.contributions.map(({ contribution }) => Math.abs(contribution))
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
  })

  it('adds up, with what no pair explains as the remainder', async () => {
    const f = (r: Row) => r.a * r.b * r.c + r.a
    const { prediction, base, contributions, remainder } = await explainRow({ predict: modelOf(f), row, background })
    expect(prediction).toBeCloseTo(1.5 * 0.5 * -2 + 1.5, 12)
    expect(base + contributions.reduce((sum, c) => sum + c.contribution, 0) + remainder).toBeCloseTo(prediction, 12)
    expect(Math.abs(remainder)).toBeGreaterThan(0.01)
  })

  it('speaks in log-odds when asked, where a logistic model is additive', async () => {
    const logit = (r: Row) => 0.5 * r.a - r.c
    const { contributions, remainder } = await explainRow({
      predict: modelOf((r) => 1 / (1 + Math.exp(-logit(r)))),
      row,
      background,
      scale: 'logit',
    })
    expect(contributions.find((c) => c.feature === 'c')!.contribution).toBeCloseTo(shapley(logit).c!, 8)
    expect(contributions.find((c) => c.feature === 'b')).toEqual({ feature: 'b', value: 0.5, contribution: 0 })
    expect(remainder).toBeCloseTo(0, 8)
  })

  it('is the same whatever the size of a batch', async () => {
    const f = (r: Row) => r.a * r.b + level(r.d)
    const sizes: number[] = []
    const predict = (frame: Frame) => {
      sizes.push(frame.rows)
      return modelOf(f)(frame)
    }
    const whole = await explainRow({ predict, row, background })
    const parts = await explainRow({ predict, row, background, batchRows: 60 })
    expect(parts).toEqual(whole)
    expect(sizes).toEqual([26, 200, 26, 50, 50, 50, 50])
  })

  it('explains the class asked for', async () => {
    const predict = async (frame: Frame) => {
      const p = await modelOf((r) => 1 / (1 + Math.exp(-r.a)))(frame)
      return Float64Array.from({ length: 2 * frame.rows }, (_, i) => (i % 2 ? p[i >> 1]! : 1 - p[i >> 1]!))
    }
    const explain = (c: number) => explainRow({ predict, row, background, output: { classes: 2, class: c } })
    const [no, yes] = [await explain(0), await explain(1)]
    expect(yes.contributions[0]!.feature).toBe('a')
    expect(yes.contributions[0]!.contribution).toBeCloseTo(-no.contributions[0]!.contribution, 12)
  })

  it('refuses what it cannot explain', async () => {
    const predict = modelOf((r) => r.a)
    await expect(explainRow({ predict, row: background, background })).rejects.toThrow('one row is explained at a time')
    await expect(explainRow({ predict, row, background: takeRows(background, []) })).rejects.toThrow('no rows')
    const other = frameOf(numeric('a', [1]))
    await expect(explainRow({ predict, row: other, background })).rejects.toThrow('the row has no numeric column "b"')
  })
})
