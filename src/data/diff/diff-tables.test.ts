import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withDuck } from '../duckdb.ts'
import { text } from '../sql.ts'
import { testFolder } from '../tables.fixture.ts'
import { diffTables } from './diff-tables.ts'

const folder = testFolder()
type Cell = number | string | null
interface Table {
  columns: string[]
  rows: Cell[][]
}

let made = 0
/** Compares two tables as they would lie in versions: numbers as DOUBLE, the rest as text. */
async function diff(before: Table, after: Table, key: string[] | null) {
  return withDuck({ folders: [folder.path()] }, async (duck) => {
    const paths: string[] = []
    for (const { columns, rows } of [before, after]) {
      const path = join(folder.path(), `diff-${made++}.parquet`)
      const cell = (value: Cell) =>
        value === null
          ? 'NULL'
          : typeof value === 'number'
            ? `'${Object.is(value, -0) ? '-0' : value}'::DOUBLE`
            : text(value)
      const types = columns.map((column, i) =>
        column === 'at' ? 'TIMESTAMP' : rows.some((row) => typeof row[i] === 'number') ? 'DOUBLE' : 'VARCHAR',
      )
      const values = rows.map((row) => `(${row.map(cell).join(', ')})`).join(', ')
      const selected = columns.map((column, i) => `c${i}::${types[i]} AS "${column}"`)
      const from =
        rows.length > 0
          ? `(VALUES ${values}) AS t(${columns.map((_, i) => `c${i}`).join(', ')})`
          : `(SELECT ${columns.map((_, i) => `NULL AS c${i}`).join(', ')}) WHERE false`
      await duck.run(`COPY (SELECT ${selected.join(', ')} FROM ${from}) TO ${text(path)} (FORMAT parquet)`)
      paths.push(path)
    }
    return diffTables(duck, paths[0]!, paths[1]!, key)
  })
}

/** The same by hand: rows as JSON, one by one. */
function plainDiff(before: Table, after: Table, key: string[] | null) {
  const common = before.columns.filter((column) => after.columns.includes(column))
  const pick = (table: Table, columns: string[]) => (row: Cell[]) =>
    JSON.stringify(columns.map((column) => row[table.columns.indexOf(column)]))
  const was = before.rows.map(pick(before, common))
  const is = after.rows.map(pick(after, common))
  if (!key) {
    const rest = [...is]
    let removed = 0
    for (const row of was) {
      const at = rest.indexOf(row)
      if (at < 0) removed++
      else rest.splice(at, 1)
    }
    return { added: rest.length, removed, changed: 0, cells: {} as Record<string, number> }
  }
  const keysWere = before.rows.map(pick(before, key))
  const keysAre = after.rows.map(pick(after, key))
  const cells: Record<string, number> = {}
  let changed = 0
  keysAre.forEach((one, i) => {
    const at = keysWere.indexOf(one)
    if (at < 0 || was[at] === is[i]) return
    changed++
    for (const column of common) {
      const [b, a] = [before.rows[at]![before.columns.indexOf(column)], after.rows[i]![after.columns.indexOf(column)]]
      if (b !== a) cells[column] = (cells[column] ?? 0) + 1
    }
  })
  return {
    added: keysAre.filter((one) => !keysWere.includes(one)).length,
    removed: keysWere.filter((one) => !keysAre.includes(one)).length,
    changed,
    cells,
  }
}

/** Numbers from a seed (mulberry32), so that a case that fails can be run again. */
function random(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

function someTable(next: (below: number) => number, unique: boolean, columns: string[]): Table {
  const rows: Cell[][] = []
  const count = next(30)
  for (let i = 0; i < count; i++) {
    const id = unique ? i * 2 + next(2) : next(6)
    const row: Record<string, Cell> = {
      id,
      x: [null, 0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 0.1 + 0.2, 0.3][next(8)]!,
      // The same letter in two ways is two texts.
      s: [null, '', 'a', "o'b", 'é', 'e\u0301'][next(6)]!,
      n: next(3),
      at: [null, '2024-03-31 01:30:00', '2024-03-31 01:30:00.000001', '1969-12-31 23:59:59'][next(4)]!,
    }
    rows.push(columns.map((column) => (column in row ? row[column]! : next(2))))
  }
  rows.sort(() => next(3) - 1)
  return { columns, rows }
}

describe.each([
  ['by key', ['id']],
  ['as whole rows', null],
] as const)('%s', (_, key) => {
  it.each(Array.from({ length: 60 }, (__, seed) => seed))('is what a plain comparison finds, seed %i', async (seed) => {
    const next = random(seed)
    const columns = ['id', 'x', 's', 'n', 'at']
    const before = someTable(next, key !== null, columns)
    const after = someTable(next, key !== null, next(4) === 0 ? ['id', 'n', 'at', 's', 'added'] : columns)
    // A table without a row has no number in it, and so other types: that is another test.
    if (before.rows.length === 0 || after.rows.length === 0) return
    const clean = (table: Table) => ({
      ...table,
      // JSON knows neither of these, and both zeros are one number.
      rows: table.rows.map((row) =>
        row.map((cell) => (cell === 0 ? 0 : typeof cell === 'number' && !Number.isFinite(cell) ? `${cell}` : cell)),
      ),
    })
    const typed = (table: Table) => table.columns.map((__, i) => table.rows.some((row) => typeof row[i] === 'number'))
    const found = await diff(before, after, key && [...key])
    if (JSON.stringify(typed(before)) !== JSON.stringify(typed(after))) return
    const { added, removed, changed, cells } = plainDiff(clean(before), clean(after), key && [...key])
    expect({ added: found.added, removed: found.removed, changed: found.changed }).toEqual({ added, removed, changed })
    expect(
      Object.fromEntries(found.columns.filter((one) => one.changed > 0).map((one) => [one.name, one.changed])),
    ).toEqual(cells)
    expect(found.unchanged).toBe(after.rows.length - added - changed)
    expect(found.samples.added.length).toBe(Math.min(20, added))
    expect(found.samples.removed.length).toBe(Math.min(20, removed))
    expect(found.samples.changed.length).toBe(Math.min(20, changed))
  })
})

it('shows what was added, removed and changed', async () => {
  const before = {
    columns: ['id', 'name'],
    rows: [
      [1, 'Ada'],
      [2, 'Bo'],
      [3, 'Cy'],
    ],
  }
  const after = {
    columns: ['id', 'name'],
    rows: [
      [1, 'Ada'],
      [3, 'Cyril'],
      [4, 'Di'],
    ],
  }
  expect((await diff(before, after, ['id'])).samples).toEqual({
    columns: ['id', 'name'],
    added: [['4', 'Di']],
    removed: [['2', 'Bo']],
    changed: [{ key: ['3'], cells: [{ column: 'name', before: 'Cy', after: 'Cyril' }] }],
  })
})

it('tells columns that came, went, or hold something else; the same number as text is no change', async () => {
  const before = {
    columns: ['id', 'code', 'gone'],
    rows: [
      [1, 5, 1],
      [2, 6.5, 1],
    ],
  }
  const after = {
    columns: ['id', 'code', 'fresh'],
    rows: [
      [1, '5', 1],
      [2, '6.5', 2],
    ],
  }
  expect(await diff(before, after, ['id'])).toMatchObject({
    changed: 0,
    unchanged: 2,
    schema: { added: ['fresh'], removed: ['gone'], retyped: [{ column: 'code', before: 'number', after: 'text' }] },
  })
})

it('a key that repeats among the changes names no row', async () => {
  const before = {
    columns: ['id', 'x'],
    rows: [
      [1, 1],
      [1, 2],
    ],
  }
  const after = {
    columns: ['id', 'x'],
    rows: [
      [1, 4],
      [1, 3],
    ],
  }
  await expect(diff(before, after, ['id'])).rejects.toMatchObject({ code: 'ORRERY_DATA_DIFF_KEY_REPEATS' })
  await expect(diff(before, after, ['nope'])).rejects.toMatchObject({ code: 'ORRERY_DATA_COLUMNS_MISSING' })
})

it('sees a distribution move, and none where rows only stand in another order', async () => {
  const rows = Array.from({ length: 2_000 }, (_, i) => [i, i % 97, `k${i % 5}`])
  const columns = ['id', 'x', 'k']
  const moved = rows.map(([id, x]) => [id!, (x as number) + 40, 'k0'])
  const same = await diff({ columns, rows }, { columns, rows: rows.toReversed() }, null)
  expect(same).toMatchObject({ added: 0, removed: 0, unchanged: 2_000 })
  for (const column of same.columns) expect(column.psi).toBeCloseTo(0, 9)
  const other = await diff({ columns, rows }, { columns, rows: moved }, ['id'])
  expect(other.changed).toBe(2_000)
  for (const { name, psi, noise } of other.columns.slice(1))
    expect([name, psi! > 0.25, psi! > noise!]).toEqual([name, true, true])
})
