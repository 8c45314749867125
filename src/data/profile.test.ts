import { beforeAll, describe, expect, it } from 'vitest'
import { Profile } from './contract.ts'
import type { IngestedTable } from './ingest.ts'
import { splitBy, testFolder } from './tables.fixture.ts'

const folder = testFolder()
const DAY = 86_400_000

/** Repeatable noise in [0, 1). */
const noise = (i: number) => (Math.sin(i * 12.9898) * 43758.5453) % 1
const uniform = (i: number) => Math.abs(noise(i))

describe('numbers', () => {
  const values = Array.from({ length: 5_000 }, (_, i) => Math.round(uniform(i) ** 3 * 1e6) / 100)
  let table: IngestedTable
  const column = (name: string) => table.profile.columns.find((one) => one.name === name)!

  beforeAll(async () => {
    const lines = values.map((value, i) =>
      [i % 10 === 0 ? '' : value, i % 3, 7, '', i === 99 ? 1e12 : value, value * 1e303].join(),
    )
    table = await folder.ingestText(`x,few,same,nothing,outlier,huge\n${lines.join('\n')}\n`)
  })

  it('have the moments and quantiles of their values', () => {
    const present = values.filter((_, i) => i % 10 !== 0).sort((a, b) => a - b)
    const mean = present.reduce((a, b) => a + b) / present.length
    const std = Math.sqrt(present.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (present.length - 1))
    const numbers = column('x').numbers!
    expect(column('x')).toMatchObject({ missing: 500, distinct: new Set(present).size, flags: [] })
    expect(numbers).toMatchObject({ min: present[0], max: present.at(-1) })
    expect(numbers.mean).toBeCloseTo(mean, 9)
    expect(numbers.std).toBeCloseTo(std, 9)
    const { p50, p99 } = numbers.quantiles
    expect(p50).toBeCloseTo((present[2249]! + present[2250]!) / 2, 9)
    expect(present.filter((x) => x <= p99).length / present.length).toBeCloseTo(0.99, 3)
  })

  it('are all in some bin, and each bin holds what lies between its edges', () => {
    for (const [name, all] of [
      ['x', values.filter((_, i) => i % 10 !== 0)],
      ['outlier', values.map((value, i) => (i === 99 ? 1e12 : value))],
    ] as const) {
      const { edges, counts } = column(name).numbers!.histogram
      expect(edges).toEqual(edges.toSorted((a, b) => a - b))
      expect(new Set(edges).size).toBe(edges.length)
      expect(counts.length).toBe(edges.length - 1)
      expect(counts).toEqual(
        counts.map(
          (_, i) => all.filter((x) => (x > edges[i]! || (i === 0 && x === edges[0])) && x <= edges[i + 1]!).length,
        ),
      )
    }
    const { counts } = column('outlier').numbers!.histogram
    expect(Math.max(...counts)).toBeLessThan(2_500)
  })

  it('that are few get a bin each, a single one too', () => {
    expect(column('few').numbers!.histogram).toEqual({ edges: [0, 0.5, 1.5, 2], counts: [1667, 1667, 1666] })
    expect(column('same').numbers!.histogram).toEqual({ edges: [7, 7], counts: [5_000] })
    expect(column('same')).toMatchObject({ flags: ['constant'], distinct: 1 })
  })

  it('that are not there, or too large to add up, do no harm', () => {
    expect(column('nothing')).toMatchObject({ flags: ['empty'], numbers: null, categories: null, missing: 5_000 })
    expect(column('huge').numbers).toMatchObject({ max: Math.max(...values) * 1e303, std: null })
  })

  it('make a profile that survives JSON', () => {
    expect(Profile.parse(JSON.parse(JSON.stringify(table.profile)))).toEqual(table.profile)
  })
})

describe('categories', () => {
  it('are counted, the most frequent first', async () => {
    const cells = Array.from({ length: 3_000 }, (_, i) => (i % 10 === 0 ? '' : i % 2 === 0 ? 'even' : `k${i % 60}`))
    const { profile } = await folder.ingestText(`c,x\n${cells.map((cell) => `${cell},1`).join('\n')}\n`)
    const { categories, distinct, missing } = profile.columns[0]!
    expect({ distinct, missing }).toEqual({ distinct: 31, missing: 300 })
    expect(categories!.top.slice(0, 3)).toEqual([
      { value: 'even', count: 1_200 },
      { value: 'k1', count: 50 },
      { value: 'k11', count: 50 },
    ])
    expect(categories!.top).toHaveLength(20)
    expect(categories!.top.reduce((sum, one) => sum + one.count, 0) + categories!.other).toBe(2_700)
  })

  it('that hardly repeat are flagged', async () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `name ${i % 1_500},${i}`)
    const { profile } = await folder.ingestText(`c,i\n${lines.join('\n')}\n`)
    expect(profile.columns.map(({ type, flags }) => [type, flags])).toEqual([
      ['categorical', ['high_cardinality']],
      ['identifier', ['identifier']],
    ])
  })
})

describe('time', () => {
  const times = async (moments: number[]) => {
    const lines = moments.map((ms) => `${new Date(ms).toISOString()},1`)
    return (await folder.ingestText(`t,x\n${lines.join('\n')}\n`, { time: ['t'] })).profile.time
  }
  it('is counted by the day, by more where there are too many days', async () => {
    const start = Date.UTC(2025, 0, 1)
    expect(await times([start, start + 5, start + 2 * DAY])).toEqual({
      columns: ['t'],
      from: start,
      to: start + 2 * DAY,
      ordered: true,
      period: DAY,
      rows: [2, 0, 1],
    })
    expect(await times([start + 1, start])).toMatchObject({ ordered: false, rows: [2] })
    const years = (await times([Date.UTC(1900, 0, 1), Date.UTC(2020, 0, 1)]))!
    expect(years.rows.length).toBeLessThanOrEqual(1_000)
    expect(years.rows.reduce((a, b) => a + b)).toBe(2)
  })
})

describe('leakage', () => {
  const table = (columns: Record<string, (i: number) => string | number>, rows = 2_000) => {
    const names = Object.keys(columns)
    const lines = Array.from({ length: rows }, (_, i) => names.map((name) => columns[name]!(i)).join())
    return `${names.join()}\n${lines.join('\n')}\n`
  }
  const y = (i: number) => (uniform(i) > 0.7 ? 1 : 0)

  it('of a class is found in numbers, whatever their order, and in text', async () => {
    const { profile, warnings } = await folder.ingestText(
      table({
        refund: (i) => y(i) * 10 + uniform(i + 9e5),
        angle: (i) => (y(i) ? (uniform(i + 1e5) > 0.5 ? 1 : -1) * (2 + uniform(i + 2e5)) : uniform(i + 3e5)),
        reason: (i) => (y(i) ? `r${i % 5}` : `s${i % 3}`),
        honest: (i) => y(i) * 0.5 + uniform(i + 4e5),
        plan: (i) => (uniform(i + 5e5) > 0.3 + 0.2 * y(i) ? 'a' : 'b'),
        user: (i) => `u${i}`,
        left: y,
      }),
      { label: 'left', split: splitBy('stratified') },
    )
    expect(profile.leakage.map((leak) => [leak.column, leak.measure]).sort()).toEqual([
      ['angle', 'lambda'],
      ['reason', 'lambda'],
      ['refund', 'auc'],
    ])
    expect(warnings.map((warning) => warning.message)).toContainEqual(
      expect.stringMatching(/^Column "refund" nearly gives away the label/),
    )
    expect(profile.columns.find((column) => column.name === 'refund')?.flags).toEqual(['leakage'])
  })

  it('of a number is found by rank', async () => {
    const { profile } = await folder.ingestText(
      table({
        log: (i) => Math.log(1 + uniform(i) * 1e4) + uniform(i + 1e5) * 0.05,
        related: (i) => uniform(i) + uniform(i + 2e5),
        sales: (i) => uniform(i) * 1e4,
      }),
      { label: 'sales' },
    )
    expect(profile.leakage).toMatchObject([{ column: 'log', measure: 'rank_correlation' }])
  })

  it('is not suspected of what is ignored, of few rows, or of chance among many categories', async () => {
    const leaking = { copy: (i: number) => `c${y(i)}`, left: y }
    const ignored = await folder.ingestText(table(leaking), { label: 'left', ignore: ['copy'] })
    expect(ignored.profile.leakage).toEqual([])
    expect((await folder.ingestText(table(leaking, 40), { label: 'left' })).profile.leakage).toEqual([])
    const pairs = await folder.ingestText(table({ pair: (i) => `p${i >> 1}`, left: y }), { label: 'left' })
    expect(pairs.profile.leakage).toEqual([])
  })
})
