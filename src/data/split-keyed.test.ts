import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSplit } from './read-split.ts'
import { placeOfKey, type SplitRows, splitRows } from './split.ts'
import { splitBy, testFolder } from './tables.fixture.ts'

const folder = testFolder()
const PARTS = ['train', 'validation', 'test'] as const

const shares = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
  .map(([a, b, c]) => ({ train: a / (a + b + c), validation: b / (a + b + c), test: c / (a + b + c) }))
const keys = fc.array(fc.option(fc.string({ maxLength: 3 }), { nil: null, freq: 10 }), {
  minLength: 20,
  maxLength: 300,
})
const seeds = fc.nat(1_000)

/** Splits rows with these keys; `undefined` where a part would be empty, which is an error of its own. */
function split(by: 'group' | 'hash', of: (string | null)[], seed: number, rule: object): SplitRows | undefined {
  const places = Float64Array.from(of, (key) => (key === null ? Number.NaN : placeOfKey(seed, key)))
  try {
    return splitRows({ target: new Float64Array(of.length), places }, { ...splitBy(by, seed), ...rule, column: 'k' })
      .rows
  } catch (error) {
    expect(error).toMatchObject({ code: 'ORRERY_DATA_SPLIT_EMPTY' })
    return undefined
  }
}

function partOf(rows: SplitRows): Map<number, string> {
  return new Map(PARTS.flatMap((part) => [...rows[part]].map((row) => [row, part] as const)))
}

describe.each(['group', 'hash'] as const)('a split by %s', (by) => {
  it('puts every row into one part, and all rows of a key into the same', () => {
    fc.assert(
      fc.property(keys, seeds, shares, (of, seed, rule) => {
        const rows = split(by, of, seed, rule)
        if (!rows) return
        const parts = partOf(rows)
        expect(parts.size).toBe(of.length)
        expect(rows.train.length + rows.validation.length + rows.test.length).toBe(of.length)
        for (const key of new Set(of.filter((one) => one !== null)))
          expect(new Set(of.flatMap((one, row) => (one === key ? [parts.get(row)] : []))).size).toBe(1)
      }),
    )
  })
})

it('by hash, a key keeps its part whatever rows come, go or move', () => {
  fc.assert(
    fc.property(keys, keys, seeds, shares, (before, more, seed, rule) => {
      const after = [...more, ...before].toReversed()
      const [a, b] = [split('hash', before, seed, rule), split('hash', after, seed, rule)]
      if (!a || !b) return
      const [was, is] = [partOf(a), partOf(b)]
      before.forEach((key, row) => {
        if (key !== null) expect(is.get(after.indexOf(key))).toBe(was.get(row))
      })
    }),
  )
})

it('by group, the shares are as close as whole groups allow', () => {
  fc.assert(
    fc.property(keys, seeds, shares, (of, seed, rule) => {
      const rows = split('group', of, seed, rule)
      if (!rows) return
      const largest = Math.max(
        ...[
          ...Map.groupBy(
            of.filter((key) => key !== null),
            (key) => key,
          ).values(),
        ].map((g) => g.length),
        1,
      )
      expect(Math.abs(rows.train.length - of.length * rule.train)).toBeLessThanOrEqual(largest / 2 + 1)
      expect(Math.abs(rows.test.length - of.length * rule.test)).toBeLessThanOrEqual(largest / 2 + 1)
    }),
  )
})

it('of the old kinds has the hash it always had', () => {
  const target = Float64Array.from({ length: 500 }, (_, i) => (i % 50 === 0 ? Number.NaN : i % 4 === 0 ? 1 : 0))
  const time = Float64Array.from({ length: 500 }, (_, i) => (i * 7919) % 503)
  const hash = (by: 'time' | 'random' | 'stratified') => splitRows({ target, time }, splitBy(by, 3)).descriptor.hash
  expect(hash('time')).toBe('sha256:53c98d36b1c81e8d881312063423e33441f430f2bfe256b3e429a5d7aa31be5c')
  expect(hash('random')).toBe('sha256:65a562fad8b25655e423cba32ea989561f50049db40ce3237ef61f06bf33219f')
  expect(hash('stratified')).toBe('sha256:726cc2462802b0d82f750da02745cf36ef98cb5d91e14934487371b779cb6f89')
})

describe('of a table', () => {
  const table = (rows: number, from = 0) =>
    `home,amount,bought\n${Array.from({ length: rows }, (_, i) => `${(i + from) % 97},${(i * 7919) % 1013},${i % 3 === 0 ? 'yes' : 'no'}`).join('\n')}\n`

  it('DuckDB finds the places that anybody can compute', async () => {
    const spec = { label: 'bought', split: { ...splitBy('hash', 5), column: 'home' } }
    const { parquetPath, split: descriptor, profile } = await folder.ingestText(table(970), spec)
    expect(descriptor).toMatchObject({ by: 'hash', column: 'home' })
    const rows = await readSplit(parquetPath, descriptor!, profile.label!, undefined)
    const parts = partOf(rows)
    for (let row = 0; row < 970; row++) {
      const at = placeOfKey(5, String(row % 97))
      expect(parts.get(row)).toBe(at < 0.8 ? 'train' : at < 0.9 ? 'validation' : 'test')
    }
  })

  it('needs the column it goes by', async () => {
    const spec = { label: 'bought', split: { ...splitBy('group'), column: 'house' } }
    await expect(folder.ingestText(table(100), spec)).rejects.toMatchObject({ code: 'ORRERY_DATA_COLUMNS_MISSING' })
  })
})
