import fc from 'fast-check'
import { expect, it } from 'vitest'
import { listEntries, readExpectations } from '#projects'
import { withDuck } from '../duckdb.ts'
import { storedTypes } from '../event-time.ts'
import { parquet } from '../sql.ts'
import { testFolder } from '../tables.fixture.ts'
import { checkTable } from './run.ts'
import { suggestExpectations } from './suggest.ts'

const folder = testFolder()

const cell = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 4, arbitrary: fc.integer({ min: -1_000, max: 1_000 }).map(String) },
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('0', '1', 'a', 'b', 'it is, "quoted"', "it's", '007', '2024-05-06', '1e300', '-1e300'),
)
const tables = fc.integer({ min: 1, max: 4 }).chain((width) =>
  fc.array(fc.array(cell, { minLength: width, maxLength: width }), {
    minLength: 1,
    maxLength: 40,
  }),
)
const csvCell = (text: string) => `"${text.replaceAll('"', '""')}"`

async function suggestedFor(csv: string) {
  const table = await folder.ingestText(csv)
  const yaml = listEntries(suggestExpectations(table))
  const read = readExpectations(yaml, { hasTime: false })
  if ('problems' in read) throw new Error(`${read.problems[0]!.wrong}\n${yaml}`)
  const results = await withDuck({ folders: [folder.path()] }, async (duck) => {
    const stored = await storedTypes(duck, parquet(table.parquetPath))
    const checked = { path: table.parquetPath, stored, time: undefined, others: new Map(), now: Date.now() }
    return checkTable(duck, checked, read.entries)
  })
  return { yaml, broken: results.filter(({ passed }) => !passed) }
}

it('whatever a table is like, what is suggested can be written in a project file and holds for it', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(tables, async (rows) => {
      const head = rows[0]!.map((_, i) => `c${i}`)
      const csv = [head, ...rows.map((row) => row.map(csvCell))].map((cells) => cells.join(',')).join('\n')
      const { broken } = await suggestedFor(`${csv}\n`).catch((error) => {
        // Tables that are refused when they are read are no versions.
        if (error.code === 'ORRERY_DATA_MIXED_TYPES') return { broken: [] }
        throw error
      })
      expect(broken).toEqual([])
    }),
    { numRuns: 60 },
  )
})

it('types stop, values warn, with room on both sides and none below zero where there was none', async () => {
  const rows = Array.from(
    { length: 60 },
    (_, i) => `k${i},${10 + ((i * 7) % 50)},${i % 10 ? 'de' : ''},${i % 3},2024-05-0${1 + (i % 9)}`,
  )
  const { yaml } = await suggestedFor(`id,age,country,kind,day\n${rows.join('\n')}\n`)
  expect(yaml.trim().split('\n')).toEqual([
    '- { rows: [ 30, null ], otherwise: warn }',
    '- { columns_hold: [ id, age, country, kind, day ] }',
    '- { column: id, not_null: true, otherwise: warn }',
    '- { column: id, unique: true }',
    '- { column: age, type: number }',
    '- { column: age, not_null: true, otherwise: warn }',
    '- { column: age, between: [ 0, 72 ], otherwise: warn }',
    '- { column: country, missing_share: [ 0%, 21% ], otherwise: warn }',
    '- { column: country, in: [ de ], otherwise: warn }',
    '- { column: kind, type: number }',
    '- { column: kind, not_null: true, otherwise: warn }',
    '- { column: kind, between: [ 0, 2.5 ], otherwise: warn }',
    '- { column: day, type: time }',
    '- { column: day, not_null: true, otherwise: warn }',
  ])
})
