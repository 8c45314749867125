import { expect, it } from 'vitest'
import { withDuck } from './duckdb.ts'
import { whileTelling } from './progress.ts'

it('a long statement tells what it is about, and how much of it is done', async () => {
  const told: [string, number | undefined][] = []
  const sum = await withDuck({ folders: [], threads: 1 }, async (duck) => {
    await duck.run('CREATE TABLE t AS SELECT i, hash(i) AS h FROM range(6_000_000) x(i)')
    return whileTelling(
      duck,
      (message, fraction) => void told.push([message, fraction]),
      'adding up',
      () => duck.row<{ sum: number }>("SELECT count(DISTINCT md5(h::VARCHAR || 'a')) AS sum FROM t"),
    )
  })
  expect(sum).toEqual({ sum: 6_000_000 })
  expect(told[0]).toEqual(['adding up', undefined])
  const fractions = told.slice(1).map(([, fraction]) => fraction)
  expect(fractions.length).toBeGreaterThan(0)
  expect(fractions.some((one) => one !== undefined)).toBe(true)
  for (const fraction of fractions) if (fraction !== undefined) expect(fraction >= 0 && fraction <= 1).toBe(true)
})
