import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Duck, withDuck } from '#data'
import { FeatureView } from '#projects/contract'
import { computeOf } from './computing.ts'
import { definitionOf, type OnDemandDefinition, type ViewDefinition } from './definition.ts'
import { latestRows } from './latest.ts'
import { momentSql, readMoment } from './moment.ts'
import { pointInTimeJoin } from './point-in-time.ts'
import { text } from './sql.ts'

/* One definition, two ways: over a table after the point-in-time join, and for one request from what is kept online. */

const NOW = Date.parse('2025-06-01T12:00:00Z')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-on-demand-'))
})
afterAll(() => rm(folder, { recursive: true }))

const written = {
  usage: FeatureView.parse({
    ...{ from: 'rows', entities: ['k'], time: 'e' },
    columns: { x: 'number', y: 'number', t: 'text' },
  }),
  other: FeatureView.parse({ ...{ from: 'rows', entities: ['k'], time: 'e' }, columns: { x: 'number' } }),
}
const onDemand = (columns: Record<string, string>) => {
  const view = FeatureView.parse({
    on_demand: { views: ['usage', 'other'], request: { n: 'number', w: 'text', at: 'time', yes: 'number' } },
    columns,
  })
  return definitionOf('made', view, { ...written, made: view }) as OnDemandDefinition
}
const stored = (name: 'usage' | 'other') => definitionOf(name, written[name], written) as ViewDefinition

type Cell = number | string | boolean | null
interface Case {
  /** Of the view. */
  x: number | null
  y: number | null
  t: string | null
  /** Of the request. */
  n: number | null
  w: string | null
  at: string | number | null
  yes: boolean | null
}

const special = [0, -0, 1, -1, 0.1, 0.7, 1e-300, 3.4e38, 1e39, 1e308, -1e308, 2 ** 53, 5e-324, 1.5, 86_400_000]
const finite = fc.oneof(fc.constantFrom(...special), fc.double({ noNaN: true, noDefaultInfinity: true }))
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { freq: 6, nil: null })
const anyNumber = maybe(
  fc.oneof({ weight: 6, arbitrary: finite }, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -Infinity)),
)
const anyText = maybe(
  fc.oneof(
    fc.constantFrom('a', 'b', '', ' ', "o'clock", 'ä', '😀'),
    fc.string({ maxLength: 5 }).filter((one) => !one.includes('\0')),
  ),
)
const moments = fc
  .integer({ min: Date.parse('1902-01-01'), max: Date.parse('2100-01-01') })
  .map((ms) => new Date(ms).toISOString())
const anyMoment = fc.oneof(
  moments,
  moments.map((one) => one.slice(0, 10)),
  moments.map((one) => one.slice(0, 19).replace('T', ' ')),
  moments.map((one) => one.replace('Z', '+05:30')),
  moments.map((one) => one.replace('Z', '-0800')),
  moments.map((one) => one.replace('Z', '789Z')),
)
const cases = fc.array(
  fc.record<Case>({
    ...{ x: anyNumber, y: anyNumber, t: anyText },
    ...{ n: maybe(finite), w: anyText, at: maybe(anyMoment), yes: maybe(fc.boolean()) },
  }),
  { minLength: 1, maxLength: 25 },
)

const EXPRESSIONS = {
  sum: 'col("usage.x") + y * n',
  ratio: 'n / max(y, 1)',
  rest: 'n % y',
  same: 'col("other.x") == col("usage.x") ? 1 : 0',
  exact: 'n == 0.1',
  word: 'is_missing(w) ? coalesce(t, "none") : w',
  among: 't in ["a", "", "ä"]',
  mapped: 'map(w, { "a": 1, "o\'clock": 2, "": 3 }, -1)',
  since: '(1748779200000 - at) / 86400000',
  hour: 'floor(at / 3600000) % 24',
  truth: 'yes > 0 && !is_missing(n)',
  root: 'sqrt(abs(y)) + floor(n) - ceil(y)',
  bounded: 'clip(col("usage.x"), -5, 5.5)',
}

const number = (value: number | null) => (value === null ? 'NULL' : `'${value}'::DOUBLE`)
const word = (value: string | null) => (value === null ? 'NULL' : text(value))
const same = (cell: unknown) => (cell === 0 ? 0 : (cell ?? null))

async function bothWays(duck: Duck, definition: OnDemandDefinition, of: readonly Case[]) {
  const rows = of.map(
    ({ x, y, t }, k) => `(${k}::DOUBLE, TIMESTAMP '2025-01-01', ${number(x)}, ${number(y)}, ${word(t)})`,
  )
  const table = join(folder, 'rows.parquet')
  await duck.run(
    `COPY (SELECT k, e, x::DOUBLE AS x, y::DOUBLE AS y, t::VARCHAR AS t FROM (VALUES ${rows.join(', ')}) v(k, e, x, y, t)) TO '${table}'`,
  )
  const asked = of.map(
    ({ n, w, at, yes }, k) =>
      `(${k}, ${k}::DOUBLE, TIMESTAMP '2025-06-01 12:00:00', ${number(n)}, ${word(w)}, ${word(at as string | null)}, ${yes})`,
  )
  const parquet = join(folder, 'frame.parquet')
  await duck.run(
    `COPY (SELECT id, k, now, n::DOUBLE AS n, w::VARCHAR AS w, "at"::VARCHAR AS "at", yes::BOOLEAN AS yes
     FROM (VALUES ${asked.join(', ')}) v(id, k, now, n, w, "at", yes) ORDER BY id) TO '${parquet}'`,
  )
  const views = (['usage', 'other'] as const).map((name) => ({
    view: stored(name),
    tables: { rows: table },
    hidden: true,
  }))
  const query = await pointInTimeJoin(duck, {
    ...{ frame: { parquet, time: 'now' }, views, onDemand: [definition], fullNames: false },
  })
  const names = definition.columns.map((column) => column.name)
  const historical = (await duck.rows<Record<string, Cell>>(query)).map((row) => names.map((name) => same(row[name])))

  // What materialization writes, through JSON as the online store keeps it.
  const kept = new Map<string, (number | string | null)[][]>()
  for (const { view, tables } of views) {
    const latest = await duck.rows<Record<string, number | string | null>>(
      `SELECT * FROM (${await latestRows(duck, { view, tables }, NOW * 1_000)}) ORDER BY k0`,
    )
    kept.set(
      view.name,
      latest.map((row) => JSON.parse(JSON.stringify(view.columns.map((_, i) => row[`f${i}`] ?? null)))),
    )
  }
  const compute = computeOf(definition)
  const online = of.map((one, k) => {
    const request = JSON.parse(JSON.stringify({ n: one.n, w: one.w, at: one.at, yes: one.yes }))
    const cells = compute(request, k, (view, column) => {
      const { columns } = stored(view as 'usage')
      return kept.get(view)![k]![columns.findIndex(({ name }) => name === column)]!
    })
    return cells.map(same)
  })
  return { historical, online }
}

describe('an on-demand view', () => {
  it('is the same in training and in service, whatever is in the data and in the request', {
    timeout: 120_000,
  }, async () => {
    const definition = onDemand(EXPRESSIONS)
    await withDuck({ folders: [folder], threads: 1 }, (duck) =>
      fc.assert(
        fc.asyncProperty(cases, async (of) => {
          const { historical, online } = await bothWays(duck, definition, of)
          expect(online).toEqual(historical)
        }),
        { numRuns: 120 },
      ),
    )
  })

  it('computes what is expected, and gives nothing of the views that it only needs', async () => {
    const definition = onDemand({ a: 'n / max(y, 1)', b: 'is_missing(w) ? "none" : w', c: 'at' })
    const one: Case = { x: 1, y: 4, t: 'a', n: 10, w: null, at: '1970-01-01T00:00:01.5Z', yes: null }
    const { historical, online } = await withDuck({ folders: [folder] }, (duck) => bothWays(duck, definition, [one]))
    expect(historical).toEqual([[2.5, 'none', 1_500]])
    expect(online).toEqual(historical)
    expect(definition.columns.map(({ type }) => type)).toEqual(['number', 'text', 'number'])
  })
})

it('reads a moment as DuckDB does, and refuses the same', async () => {
  const written = fc.oneof(
    anyMoment,
    fc.constantFrom(
      '2025-02-30',
      '2025-13-01',
      '2025-01-01T24:00',
      '2025-1-1',
      '',
      'soon',
      '2025-01-01T10:00+02',
      '2024-02-29',
    ),
    fc.string({ maxLength: 12 }).filter((one) => !one.includes('\0')),
  )
  await withDuck({ folders: [] }, (duck) =>
    fc.assert(
      fc.asyncProperty(fc.array(written, { minLength: 1, maxLength: 40 }), async (all) => {
        const rows = await duck.rows<{ ms: number | null }>(
          `SELECT ${momentSql('t')} AS ms FROM (SELECT unnest([${all.map((one) => text(one)).join(', ')}]) AS t)`,
        )
        expect(rows.map(({ ms }) => ms)).toEqual(all.map((one) => readMoment(one) ?? null))
      }),
      { numRuns: 60 },
    ),
  )
})
