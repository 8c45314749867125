import { describe, expect, it } from 'vitest'
import { readSplit } from './read-split.ts'
import { type SplitRows, splitRows } from './split.ts'
import { plainTable, splitBy, testFolder } from './tables.fixture.ts'

const folder = testFolder()

const alternating = (n: number) => Float64Array.from({ length: n }, (_, i) => (i % 4 === 0 ? 1 : 0))
const all = ({ train, validation, test }: SplitRows) => [...train, ...validation, ...test].sort((a, b) => a - b)
const sizes = ({ train, validation, test }: SplitRows) => [train.length, validation.length, test.length]
const refused = (split: () => unknown) =>
  expect(split).toThrow(expect.objectContaining({ code: 'ORRERY_DATA_SPLIT_EMPTY' }))

describe.each(['time', 'random', 'stratified'] as const)('a split by %s', (by) => {
  it('puts every labelled row into exactly one part, the same every time', () => {
    const target = alternating(1_000)
    for (let i = 0; i < 1_000; i += 10) target[i] = Number.NaN
    const time = Float64Array.from({ length: 1_000 }, (_, i) => (i * 7919) % 997)
    const { rows, descriptor } = splitRows({ target, time }, splitBy(by))
    expect(all(rows)).toEqual([...target.keys()].filter((row) => row % 10 !== 0))
    expect(descriptor.rows).toEqual({
      train: rows.train.length,
      validation: rows.validation.length,
      test: rows.test.length,
      unlabelled: 100,
    })
    expect(Math.abs(rows.train.length - 720)).toBeLessThan(40)
    expect(splitRows({ target, time }, splitBy(by)).descriptor).toEqual(descriptor)
    expect(splitRows({ target, time }, { ...splitBy(by), train: 0.7, validation: 0.2 }).descriptor.hash).not.toBe(
      descriptor.hash,
    )
  })

  it('says which part would be empty', () => {
    refused(() => splitRows({ target: alternating(2), time: Float64Array.of(1, 2) }, splitBy(by)))
  })
})

describe('by time', () => {
  it('trains on the past and tests on the future, whatever the order of rows', () => {
    const time = Float64Array.from({ length: 500 }, (_, i) => (i * 7919) % 503)
    const { rows, descriptor } = splitRows({ target: alternating(500), time }, splitBy('time'))
    const range = (part: Int32Array) => [
      Math.min(...part.map((row) => time[row]!)),
      Math.max(...part.map((row) => time[row]!)),
    ]
    const [train, validation, test] = [range(rows.train), range(rows.validation), range(rows.test)] as [
      number[],
      number[],
      number[],
    ]
    expect(train[1]).toBeLessThan(validation[0]!)
    expect(validation[1]).toBeLessThan(test[0]!)
    expect(descriptor.boundaries).toEqual({ validation: validation[0], test: test[0] })
    expect(sizes(rows)).toEqual([400, 50, 50])
  })

  it('keeps rows of one moment together', () => {
    const time = Float64Array.from({ length: 100 }, (_, i) => Math.floor(i / 7))
    const { rows } = splitRows({ target: alternating(100), time }, splitBy('time'))
    const moments = [rows.train, rows.validation, rows.test].map((part) => new Set([...part].map((row) => time[row]!)))
    expect(moments.flatMap((set) => [...set])).toHaveLength(new Set(time).size)
    expect(sizes(rows)).toEqual([77, 7, 16])
    refused(() => splitRows({ target: alternating(100), time: new Float64Array(100) }, splitBy('time')))
  })
})

describe('by chance', () => {
  it('keeps a row in its part when more rows come', () => {
    const before = splitRows({ target: alternating(2_000) }, splitBy('random')).rows
    const after = splitRows({ target: alternating(3_000) }, splitBy('random')).rows
    expect(after.test.filter((row) => row < 2_000)).toEqual(before.test)
  })

  it('depends on the seed', () => {
    const [a, b] = [0, 1].map((seed) => splitRows({ target: alternating(5_000) }, splitBy('random', seed)).rows.test)
    const shared = a!.filter((row) => b!.includes(row)).length
    expect(shared / a!.length).toBeCloseTo(0.1, 1)
  })

  it('keeps the shares of the classes to the row when stratified', () => {
    const target = alternating(1_000)
    const { rows } = splitRows({ target }, splitBy('stratified'))
    const positives = (part: Int32Array) => part.filter((row) => target[row] === 1).length
    expect([rows.train, rows.validation, rows.test].map(positives)).toEqual([200, 25, 25])
    expect(sizes(rows)).toEqual([800, 100, 100])
  })

  it('stratifies many classes among rows without a label as in the versions that exist', () => {
    const target = Float64Array.from({ length: 5_000 }, (_, i) => (i % 11 === 0 ? Number.NaN : (i * i) % 7))
    const { descriptor } = splitRows({ target }, splitBy('stratified', 3))
    expect(descriptor.hash).toBe('sha256:da099fc6e0f150100fbba147b95d2ab417433273776583e8a8110aade5c8f5da')
  })
})

it('is made again from the version it was made for, and refused for another', async () => {
  const spec = { label: 'bought', split: splitBy('stratified', 3) }
  const { parquetPath, split, profile } = await folder.ingestText(plainTable(300), spec)
  const rows = await readSplit(parquetPath, split!, profile.label!, undefined)
  expect(all(rows)).toEqual(Array.from({ length: 300 }, (_, i) => i))
  const other = await folder.ingestText(plainTable(310), spec)
  await expect(readSplit(other.parquetPath, split!, profile.label!, undefined)).rejects.toMatchObject({
    code: 'ORRERY_DATA_SPLIT_CHANGED',
  })
})
