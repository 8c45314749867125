import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Duck, withDuck } from './duckdb.ts'
import { asNumber, asNumberIfPlain, asTime, asTimeIfPlain, cleaned, cleanedIfNeeded, text } from './sql.ts'

const BLANKS = fc.constantFrom('', ' ', '  ', '\t', '\u00a0', '\u2003')
const CORES = fc.oneof(
  fc.constantFrom(
    '',
    '_',
    '1_0',
    'nan',
    'inf',
    '-Infinity',
    '0x10',
    '1,5',
    '.',
    '5.',
    '1e5',
    '1 2',
    'ü',
    '日本',
    '00501',
  ),
  fc.double({ noNaN: true }).map(String),
  fc.string({ unit: 'grapheme', maxLength: 4 }).filter((one) => !one.includes('\0')),
  fc.constantFrom(
    '2024-01-01',
    '2024-02-30',
    '2024-01-01 10:00',
    '2024-01-01T10:00:00.25Z',
    '2024-01-01 10:00:00+02',
    'epoch',
  ),
  fc.constantFrom(
    '2024-1-1 1:00:00-05',
    '2024-07-01 10:00:00 Europe/Berlin',
    '2024-01-01 10:00:00+0530',
    '20240101',
    '10:00',
  ),
)
const CELLS = fc.tuple(BLANKS, CORES, BLANKS).map((parts) => parts.join(''))

/** What a statement gives, or that it is refused. */
const asked = (duck: Duck, sql: string) =>
  duck.row<{ v: unknown }>(`SELECT (${sql})::VARCHAR AS v FROM (SELECT c FROM t)`).then(
    ({ v }) => v,
    (error) => `refused: ${/^\w+ Error/.exec(error.message)![0]}`,
  )

it('plain cells are read the short way, and as they are the long way', async () => {
  await withDuck({ folders: [], threads: 1 }, async (duck) => {
    await fc.assert(
      fc.asyncProperty(CELLS, async (cell) => {
        await duck.run(`CREATE OR REPLACE TABLE t AS SELECT ${text(cell)} AS c`)
        const cases = {
          text: [cleanedIfNeeded('c'), cleaned('c', [])],
          number: [asNumberIfPlain('c', cleanedIfNeeded('c')), asNumber(cleaned('c', []))],
          time: [asTimeIfPlain(cleanedIfNeeded('c')), asTime(cleaned('c', []))],
        }
        for (const [kind, [short, long]] of Object.entries(cases))
          expect([cell, kind, await asked(duck, short!)]).toEqual([cell, kind, await asked(duck, long!)])
      }),
      { numRuns: 150 },
    )
  })
})

it('what stands for a missing value is one, a number too', async () => {
  await withDuck({ folders: [], threads: 1 }, async (duck) => {
    const read = (cell: string) =>
      duck.row<{ v: number | null }>(
        `SELECT ${asNumber(cleaned('c', ['-999', '?']))} AS v FROM (SELECT ${text(cell)} AS c)`,
      )
    expect(await Promise.all([' -999', '?', '-99', ''].map(read))).toEqual([
      { v: null },
      { v: null },
      { v: -99 },
      { v: null },
    ])
  })
})
