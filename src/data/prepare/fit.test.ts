import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PackageStep } from '#preparation'
import { testFolder } from '../tables.fixture.ts'
import { fitPreparation } from './fit.ts'

const folder = testFolder()

type Row = { x: number | null; t: string | null }
const rowsOf = fc.array(
  fc.record({
    x: fc.option(fc.integer({ min: -50, max: 50 }), { freq: 5, nil: null }),
    t: fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { freq: 5, nil: null }),
  }),
  { minLength: 12, maxLength: 60 },
)

async function learnedFrom(rows: readonly Row[], train: readonly number[], step: PackageStep) {
  const table = `x,t,pad\n${rows.map(({ x, t }, i) => `${x ?? ''},${t ?? ''},${i % 7}.5`).join('\n')}\n`
  const columns = { x: { type: 'number', missing: [] }, t: { type: 'text', missing: [] } } as const
  const { parquetPath, schema } = await folder.ingestText(table, {
    columns: { ...columns, x: { ...columns.x }, t: { ...columns.t } } as never,
  })
  const { fitted } = await fitPreparation({
    ...{ parquetPath, schema, features: ['x', 't'], steps: [step], first: 0, train },
    folder: folder.target(),
  })
  return fitted[0]!.learned
}

/** With linear interpolation between the nearest two. */
function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  const next = sorted[Math.min(below + 1, sorted.length - 1)]!
  return sorted[below]! + (next - sorted[below]!) * (place - below)
}

const close = (actual: unknown, expected: number) => expect(actual as number).toBeCloseTo(expected, 9)

describe('what a step learns', () => {
  it('is what a plain computation over the training rows gives, and no other row counts', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf, rowsOf, async (train, others) => {
        // Training rows stand between others, so that their numbers matter.
        const rows = [...others.slice(0, 5), ...train, ...others.slice(5)]
        const numbers = train.map((_, i) => i + 5)
        const xs = train.flatMap(({ x }) => (x === null ? [] : [x])).sort((a, b) => a - b)
        if (xs.length < 3 || rows.every((row) => row.x === null) || train.every((row) => row.t === null)) return
        const mean = xs.reduce((sum, x) => sum + x, 0) / xs.length
        const spread = Math.sqrt(xs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / xs.length)
        const x = { columns: ['x'] }
        close(
          (await learnedFrom(rows, numbers, { impute: { ...x, with: 'median', flag: false } })).median,
          quantile(xs, 0.5),
        )
        const clip = await learnedFrom(rows, numbers, { clip: { ...x, from: { share: 0.1 }, to: { share: 0.95 } } })
        close(clip.from, quantile(xs, 0.1))
        close(clip.to, quantile(xs, 0.95))
        const scale = await learnedFrom(rows, numbers, { scale: { ...x, to: 'standard' } })
        close(scale.centre, mean)
        close(scale.spread, spread > 0 ? spread : 1)
        const counts = Map.groupBy(
          train.flatMap(({ t }) => t ?? []),
          (t) => t,
        )
        const total = [...counts.values()].reduce((sum, of) => sum + of.length, 0)
        const kept = [...counts].filter(([, of]) => of.length >= 0.3 * total).map(([t]) => t)
        const rare = await learnedFrom(rows, numbers, { group_rare: { columns: ['t'], below: 0.3, as: 'other' } })
        expect(String(rare.kept).split(', ').filter(Boolean).toSorted()).toEqual(kept.toSorted())
        expect(rare.grouped).toBe(counts.size - kept.length)
      }),
      { numRuns: 8 },
    )
  })
})
