import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnFacts, tellsRowsApart } from './column-facts.ts'
import { withDuck } from './duckdb.ts'
import { storedTypes } from './event-time.ts'
import { name, parquet, text } from './sql.ts'
import { testFolder } from './tables.fixture.ts'

const folder = testFolder()
const DAY = 86_400_000
let files = 0

type Cell = number | string | Date | null
const SQL_TYPES = { number: 'DOUBLE', text: 'VARCHAR', time: 'TIMESTAMP' } as const
type Columns = Record<string, { holds: keyof typeof SQL_TYPES; cells: readonly Cell[] }>

const literal = (cell: Cell) =>
  cell === null ? 'NULL' : cell instanceof Date ? text(cell.toISOString().slice(0, -1)) : text(String(cell))

/** Facts of a table in groups of 2,048 rows. */
async function factsOf(columns: Columns) {
  const path = folder.path(`facts-${files++}.parquet`)
  const names = Object.keys(columns)
  const rows = columns[names[0]!]!.cells.length
  return withDuck({ folders: [folder.path('.')], threads: 1 }, async (duck) => {
    const typed = names.map((one) => `${name(one)} ${SQL_TYPES[columns[one]!.holds]}`)
    await duck.run(`CREATE TABLE t (${typed.join(', ')})`)
    for (let from = 0; from < rows; from += 1_000) {
      const lines = Array.from({ length: Math.min(1_000, rows - from) }, (_, i) =>
        names.map((one) => literal(columns[one]!.cells[from + i]!)).join(', '),
      )
      await duck.run(`INSERT INTO t VALUES (${lines.join('), (')})`)
    }
    await duck.run(`COPY t TO ${text(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)`)
    const facts = await columnFacts(duck, path, await storedTypes(duck, parquet(path)))
    return Object.fromEntries(facts.map((column) => [column.name, column]))
  })
}

/** The same by looking at every value. */
function plainly(cells: readonly Cell[]) {
  const there = cells.filter((cell) => cell !== null)
  const values = there.map((cell) => (cell instanceof Date ? cell.getTime() : cell))
  const numbers = values.filter((value) => typeof value === 'number')
  return {
    present: there.length,
    min: numbers.length > 0 ? Math.min(...numbers) : null,
    max: numbers.length > 0 ? Math.max(...numbers) : null,
    integer: there.length > 0 && there.every((cell) => Number.isInteger(cell)),
    all: new Set(values).size,
  }
}

const missingOr = (cell: fc.Arbitrary<Cell>) => fc.option(cell, { nil: null, freq: 4 })
const ANY = {
  number: fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: 0, max: 40 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
    fc.constant(0.5),
  ),
  text: fc
    .oneof(fc.constantFrom('a', 'b', ''), fc.string({ unit: 'grapheme', maxLength: 8 }))
    .filter((one) => !/\0/.test(one)),
  time: fc.integer({ min: -3_000 * DAY, max: 30_000 * DAY }).map((ms) => new Date(ms)),
}

it('are what looking at every value gives', async () => {
  const columns = fc.integer({ min: 1, max: 60 }).chain((rows) => {
    const cells = (of: fc.Arbitrary<Cell>) => fc.array(missingOr(of), { minLength: rows, maxLength: rows })
    return fc.record({
      n: cells(ANY.number),
      w: cells(fc.integer({ min: 0, max: rows })),
      x: cells(ANY.text),
      t: cells(ANY.time),
    })
  })
  await fc.assert(
    fc.asyncProperty(columns, async ({ n, w, x, t }) => {
      const holds = { n: 'number', w: 'number', x: 'text', t: 'time' } as const
      const facts = await factsOf({
        n: { holds: 'number', cells: n },
        w: { holds: 'number', cells: w },
        x: { holds: 'text', cells: x },
        t: { holds: 'time', cells: t },
      })
      for (const [column, cells] of Object.entries({ n, w, x, t })) {
        const { different, exact, ...rest } = facts[column]!
        const { all, ...plain } = plainly(cells)
        expect(rest).toEqual({ name: column, stored: holds[column as keyof typeof holds], ...plain })
        if (different !== null || all < 2) expect([column, different, exact]).toEqual([column, all, true])
      }
    }),
    { numRuns: 60 },
  )
})

describe('in a table of several groups of rows', () => {
  const ROWS = 5_000
  const column = (holds: keyof typeof SQL_TYPES, cell: (i: number) => Cell) => ({
    holds,
    cells: Array.from({ length: ROWS }, (_, i) => cell(i)),
  })

  it('a single value that is another, wherever it stands, is seen', async () => {
    const facts = await factsOf({
      fraction: column('number', (i) => (i === 4_999 ? 7.5 : 8 * (i % 3))),
      hidden: column('number', (i) => (i === 3_000 ? 7.5 : 8 * (i % 3))),
      other: column('text', (i) => (i === 3_000 ? 'b' : 'a')),
      one: column('text', () => 'a'),
      moment: column('time', () => new Date(DAY)),
      late: column('number', (i) => (i < 2_100 ? null : 4)),
    })
    expect(facts.fraction).toMatchObject({ integer: false })
    expect(facts.hidden).toMatchObject({ integer: false, min: 0, max: 16 })
    expect(facts.other!.different).not.toBe(1)
    expect(facts.one).toMatchObject({ different: 1, exact: true })
    expect(facts.moment).toMatchObject({ different: 1, min: DAY, max: DAY })
    expect(facts.late).toMatchObject({ different: 1, present: 2_900, integer: true })
  })

  it('whole numbers that count the rows, and names, are told from those that nearly do', async () => {
    const facts = await factsOf({
      counts: column('number', (i) => ((i * 3_001) % ROWS) - 17),
      repeats: column('number', (i) => (i === 77 ? 3_000 : i)),
      name: column('text', (i) => `user ${i}`),
      names: column('text', (i) => `user ${i % 4_000}`),
      kind: column('text', (i) => `kind ${i % 300}`),
    })
    expect(facts.counts).toMatchObject({ different: ROWS, exact: true })
    expect(facts.repeats).toMatchObject({ different: ROWS - 1 })
    expect(facts.name).toMatchObject({ different: ROWS, exact: true })
    expect(facts.names).toMatchObject({ different: 4_000 })
    expect(facts.kind).toMatchObject({ different: null })
    const apart = Object.keys(facts).filter((one) => tellsRowsApart(facts[one]!, ROWS))
    expect(apart).toEqual(['counts', 'name'])
  })

  it('infinities are the ends of their column, which the footer does not say', async () => {
    const facts = await factsOf({ n: column('number', (i) => (i === 4_000 ? Number.POSITIVE_INFINITY : i)) })
    expect(facts.n).toMatchObject({ min: 0, max: Number.POSITIVE_INFINITY, present: ROWS })
  })
})
