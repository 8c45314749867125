import { describe, expect, it } from 'vitest'
import type { DatasetSpec } from './contract.ts'
import { stopOnFailure } from './expectations.ts'
import { testFolder } from './tables.fixture.ts'

const folder = testFolder()
const HOUR = 3_600_000
type Expect = NonNullable<DatasetSpec['expect']>[number]

const text = 'id,price,kind,day\na,0.5,x,2025-01-01\nb,1.5,y,2025-01-02\nb,,z,2025-01-03\n,-1,,2025-01-04\n'

async function check(expectation: Partial<Expect>, spec: Partial<DatasetSpec> = {}, content = text) {
  const { expectations } = await folder.ingestText(content, {
    ...spec,
    expect: [{ otherwise: 'stop', ...expectation } as Expect],
  })
  return expectations.map(({ expectation: words, passed, observed, failing, sample }) => ({
    words,
    passed,
    observed,
    failing,
    sample,
  }))
}

describe('a column', () => {
  it('between', async () => {
    expect(await check({ column: 'price', between: [-1, 1.5] })).toEqual([
      { words: 'price is between -1 and 1.5', passed: true, observed: 'holds in every row', failing: 0, sample: [] },
    ])
    expect(await check({ column: 'price', between: [0, 1] })).toEqual([
      {
        words: 'price is between 0 and 1',
        passed: false,
        observed: '2 of 4 rows break it, such as row 2 (1.5)',
        failing: 2,
        sample: [
          { row: 2, value: '1.5' },
          { row: 4, value: '-1' },
        ],
      },
    ])
    expect(await check({ column: 'kind', between: [0, 1] })).toMatchObject([
      { passed: false, observed: 'it holds text' },
    ])
  })

  it('in', async () => {
    expect(await check({ column: 'kind', in: ['x', 'y', 'z'] })).toMatchObject([{ passed: true }])
    expect(await check({ column: 'kind', in: ['x', "o'y"] })).toMatchObject([
      { failing: 2, sample: [{ row: 2 }, { row: 3 }] },
    ])
    expect(await check({ column: 'price', in: ['0.50', '1.5', '-1'] })).toMatchObject([{ passed: true }])
    expect(await check({ column: 'price', in: ['cheap'] })).toMatchObject([{ failing: 3 }])
  })

  it('not_null, unique, and several at once', async () => {
    expect(await check({ column: 'id', not_null: true, unique: true })).toMatchObject([
      { words: 'id is never missing', failing: 1, observed: '1 of 4 rows break it, such as row 4 (missing)' },
      { words: 'id is different in every row', failing: 1, sample: [{ row: 3, value: 'b' }] },
    ])
    expect(await check({ column: 'day', not_null: true, unique: true })).toMatchObject([
      { passed: true },
      { passed: true },
    ])
  })

  it('that is not there', async () => {
    expect(await check({ column: 'nope', not_null: true })).toMatchObject([
      { passed: false, observed: 'there is no such column' },
    ])
  })
})

describe('rows_per', () => {
  const hours = (counts: number[]) =>
    `at,x\n${counts.flatMap((n, h) => Array.from({ length: n }, (_, i) => `2025-01-01T${String(h).padStart(2, '0')}:${String(i).padStart(2, '0')}:00,1`)).join('\n')}\n`
  const perHour = (counts: number[], more: object) =>
    check({ rows_per: HOUR, ...more }, { time: ['at'] }, hours(counts))

  it('counts whole periods: the first and the last may be cut', async () => {
    expect(await perHour([1, 4, 4, 4, 2], { equals: 4 })).toMatchObject([
      { words: '4 rows per 1h', passed: true, observed: 'holds in all 3 whole periods' },
    ])
    expect(await perHour([4, 3, 4, 5, 4], { equals: 4 })).toMatchObject([
      {
        failing: 2,
        observed: '2 of 3 whole periods break it, such as 3 from 2025-01-01T01:00',
        sample: [{ value: '3 from 2025-01-01T01:00' }, { value: '5 from 2025-01-01T03:00' }],
      },
    ])
    expect(await perHour([4, 3, 4, 5, 4], { between: [3, 5] })).toMatchObject([
      { words: '3 to 5 rows per 1h', passed: true },
    ])
  })

  it('sees periods without any row', async () => {
    expect(await perHour([4, 0, 4, 0, 0, 4], { equals: 4 })).toMatchObject([
      { failing: 3, sample: [{ value: '0 from 2025-01-01T01:00' }, { value: '0 from 2025-01-01T03:00' }] },
    ])
    expect(await perHour([4, 0, 4], { between: [0, 4] })).toMatchObject([{ passed: true }])
  })

  it('needs to know when a row happened', async () => {
    expect(await check({ rows_per: HOUR, equals: 1 })).toMatchObject([
      { observed: 'no `time` says when a row happened' },
    ])
  })
})

it('stops only where it is to stop', async () => {
  const failing = { column: 'price', between: [0, 1] as [number, number] }
  const { expectations } = await folder.ingestText(text, { expect: [{ ...failing, otherwise: 'warn' }] })
  expect(() => stopOnFailure(expectations)).not.toThrow()
  const stopping = await folder.ingestText(text, { expect: [{ ...failing, otherwise: 'stop' }] })
  expect(() => stopOnFailure(stopping.expectations)).toThrow(
    'The data is not as expected: price is between 0 and 1, but 2 of 4 rows break it, such as row 2 (1.5).',
  )
})
