import { expect, it } from 'vitest'
import type { DatasetSpec } from '../contract.ts'
import { placeOfKey } from '../split.ts'
import { splitBy, testFolder } from '../tables.fixture.ts'
import { likeByChance } from './chance.ts'

const folder = testFolder()

type Cells = readonly (string | number)[]
const HEADER = 'customer,age,income,height,city,job,bought'
const CITIES = ['Ulm', 'Bonn', 'Jena', 'Kiel']

/** In [0, 1), as if by chance. */
const chance = (i: number, salt: number) => placeOfKey(salt, String(i))

/** A row of which no other is like but by chance. */
const row = (i: number): (string | number)[] => [
  `c${i}`,
  18 + Math.floor(71 * chance(i, 1)),
  Math.round(1e6 * chance(i, 2)),
  (140 + 60 * chance(i, 3)).toFixed(3),
  CITIES[Math.floor(4 * chance(i, 4))]!,
  `job ${Math.floor(53 * chance(i, 5))}`,
  i % 3 === 0 ? 'yes' : 'no',
]
const csv = (rows: readonly Cells[]) => `${HEADER}\n${rows.map((one) => one.join(',')).join('\n')}\n`
const spec: Omit<DatasetSpec, 'source'> = { label: 'bought', id: 'customer', split: splitBy('random') }
const codesOf = (warnings: readonly { code: string }[]) => warnings.map((one) => one.code)

it('a table of different rows has nothing in two parts', async () => {
  const { split, warnings } = await folder.ingestText(csv(Array.from({ length: 1_500 }, (_, i) => row(i))), spec)
  expect(split!.overlap).toMatchObject({ exact: true, crossings: [] })
  expect(split!.overlap!.looked).toBe(split!.rows.validation + split!.rows.test)
  expect(codesOf(warnings).filter((code) => code.includes('SPLIT'))).toEqual([])
})

it('tells copies, near copies and customers that are in two parts, with rows to look at', async () => {
  const rows = Array.from({ length: 1_200 }, (_, i) => row(i))
  const copies = rows.slice(0, 100).map((one, i) => [`d${i}`, ...one.slice(1)])
  const near = rows
    .slice(200, 300)
    .map((one, i) => [`e${i}`, one[1]!, one[2]!, one[3]!, ` ${String(one[4]).toUpperCase()}`, 'clerk', one[6]!])
  const known = rows.slice(400, 500).map((one, i) => [one[0]!, ...row(5_000 + i).slice(1)])
  const { split, warnings } = await folder.ingestText(csv([...rows, ...copies, ...near, ...known]), spec)
  const { crossings } = split!.overlap!
  const of = (kind: string) => crossings.filter((one) => one.kind === kind)
  const sum = (kind: string) => of(kind).reduce((all, one) => all + one.rows, 0)
  // Of 100 pairs about a third have one row in a later part than the other: 1 - 0.8² - 2 · 0.1².
  for (const kind of ['exact', 'near', 'key']) {
    expect(sum(kind)).toBeGreaterThan(20)
    expect(sum(kind)).toBeLessThan(50)
  }
  const [first] = of('exact')[0]!.examples
  const [a, b] = [first!.row, first!.like].sort((x, y) => x - y) as [number, number]
  expect(b - a).toBe(1_200)
  expect(of('key')[0]!.examples[0]!.value).toMatch(/^c4\d\d$/)
  expect(new Set(codesOf(warnings))).toEqual(
    new Set(['ORRERY_DATA_SPLIT_DUPLICATES', 'ORRERY_DATA_SPLIT_NEAR_DUPLICATES', 'ORRERY_DATA_SPLIT_KEYS_CROSS']),
  )
  const keys = warnings.find((one) => one.code === 'ORRERY_DATA_SPLIT_KEYS_CROSS')!
  expect(keys.message).toMatch(/^\d+ rows of (test|validation) \([\d.]+ %\) have a "customer" that train has too/)
  expect(keys.hint).toContain('column: customer')
})

it('a split by group keeps copies of a customer together', async () => {
  const rows = Array.from({ length: 600 }, (_, i) => row(i))
  const twice = [...rows, ...rows]
  const { split, warnings } = await folder.ingestText(csv(twice), {
    ...spec,
    split: { ...splitBy('group'), column: 'customer' },
  })
  expect(split!.overlap!.crossings).toEqual([])
  expect(codesOf(warnings).filter((code) => code.includes('SPLIT'))).toEqual([])
})

it('rows of a narrow table are nearly alike by chance, and no warning, though copies are told', async () => {
  const narrow = (i: number) =>
    [chance(i, 1) * 12, chance(i, 2) * 6, chance(i, 3) * 4, chance(i, 4) * 3, chance(i, 5) * 1e6].map(Math.floor)
  const rows = Array.from({ length: 900 }, (_, i) => [...narrow(i), i % 3])
  const copies = rows.slice(0, 100)
  const { split } = await folder.ingestText(`a,b,c,d,e,bought\n${[...rows, ...copies].join('\n')}\n`, {
    label: 'bought',
    split: splitBy('random'),
  })
  expect(new Set(split!.overlap!.crossings.map(({ kind }) => kind))).toEqual(new Set(['exact']))
})

it('chance is told apart from likeness by how often two rows agree', () => {
  // All cells but one of two agree: p² + 2 p (1 - p).
  expect(likeByChance([0.5, 0.5], 1, 1)).toBeCloseTo(0.75, 12)
  expect(likeByChance([0.1, 0.2, 0.3], 0, 10)).toBeCloseTo(0.06, 12)
  expect(likeByChance([0.9, 0.9], 1, 1_000)).toBe(1)
})

it('rows of a coarse table are alike by chance, and no warning', async () => {
  const rows = Array.from({ length: 900 }, (_, i) => `${i % 7},${i % 5},${i % 3},${i % 2},${i % 4 === 0 ? 1 : 0}`)
  const { split, warnings } = await folder.ingestText(`a,b,c,d,bought\n${rows.join('\n')}\n`, {
    label: 'bought',
    split: splitBy('random'),
  })
  expect(split!.overlap!.crossings).toEqual([])
  expect(codesOf(warnings).filter((code) => code.includes('SPLIT'))).toEqual([])
})
