import { dirname } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { type Blobs, openBlobFolder } from '#platform/blobs'
import { type Events, eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { Expectation } from '#projects/contract'
import { type DatasetSpec, Scorecard, TableDiff } from '../contract.ts'
import { type Data, openData } from '../data.ts'
import { withDuck } from '../duckdb.ts'
import { dataMigrations } from '../migrations.ts'
import { readSplit } from '../read-split.ts'
import { parquet } from '../sql.ts'
import { splitBy, testFolder } from '../tables.fixture.ts'
import { type DataReports, openDataReports } from './reports.ts'

const folder = testFolder()
const DAY = 86_400_000
/** Repeatable noise in [0, 1). */
const noise = (i: number) => Math.abs((Math.sin(i * 12.9898) * 43758.5453) % 1)

/** 600 rows over 60 days; `y` follows `x`, but in rows whose number is in `wrong`. */
function table(wrong: ReadonlySet<number>, change: (row: number, x: number) => number = (_, x) => x): string {
  const rows = Array.from({ length: 600 }, (_, i) => {
    const x = noise(i)
    const label = x > 0.5 !== wrong.has(i) ? 'yes' : 'no'
    return [
      i,
      change(i, x),
      noise(i + 7_000),
      ['north', 'south'][i % 2],
      new Date(1.7e12 + Math.floor(i / 10) * DAY).toISOString(),
      label,
    ].join()
  })
  return `id,x,z,region,at,y\n${rows.join('\n')}\n`
}

onEveryDatabase('reports on versions', [...eventMigrations, ...dataMigrations], (storage) => {
  let data: Data
  let reports: DataReports
  let blobs: Blobs
  let events: Events
  const clock = { now: () => 1.7e12 + 61 * DAY }
  const spec: Omit<DatasetSpec, 'source'> = {
    id: 'id',
    label: 'y',
    time: ['at'],
    split: splitBy('random'),
    segments: ['region'],
    sensitive: ['region'],
    expect: [Expectation.parse({ column: 'x', less_than: 50, otherwise: 'quarantine' })],
  }
  const said = { spec: { data: { orders: spec } } } as never

  beforeAll(async () => {
    blobs = await openBlobFolder(folder.path(`blobs-${storage().capabilities.name}`))
    events = openEvents({ storage: storage(), clock, log: openLog({ level: 'silent' }) })
    data = openData({ storage: storage(), blobs, events, clock })
    const projects = { project: async () => said }
    reports = openDataReports({ storage: storage(), blobs, data, projects, clock, work: folder.path('') })
  })

  async function register(content: string) {
    const { parquetPath, bytes: _, setAside, ...made } = await folder.ingestText(content, spec)
    const blob = await blobs.putFile(parquetPath)
    const quarantine = setAside && { rows: setAside.rows, blobHash: (await blobs.putFile(setAside.path)).hash }
    return storage().write((tx) =>
      data.registerVersion(tx, { project: 'shop', dataset: 'orders', blob, quarantine, ...made }),
    )
  }

  it('a scorecard finds the labels that were turned, and explains every measure', async () => {
    const wrong = new Set([11, 77, 140, 333, 402, 555])
    const version = await register(table(wrong))
    const [card, again] = await Promise.all([reports.scorecard(version.id), reports.scorecard(version.id)])
    expect(again).toEqual(card)
    expect(Scorecard.parse(JSON.parse(JSON.stringify(card)))).toEqual(card)
    expect(card.characteristics.map((one) => one.name)).toEqual([
      'accuracy',
      'completeness',
      'reliability',
      'relevance',
      'timeliness',
    ])
    const found = card.suspects.map((one) => one.row - 1)
    expect([...wrong].filter((row) => found.includes(row)).length).toBeGreaterThanOrEqual(5)
    expect(found.filter((row) => !wrong.has(row)).length).toBeLessThanOrEqual(6)
    const measures = Object.fromEntries(card.characteristics.flatMap((one) => one.measures.map((m) => [m.name, m])))
    expect(measures['signal for the label']!.value).toBeGreaterThan(0.9)
    expect(measures['agreement with a reference sample']).toMatchObject({ value: null, grade: 'unknown' })
    expect(measures['coverage of region']).toMatchObject({ value: 0, grade: 'A' })
    expect(measures['equal outcomes by region']!.value).toBeGreaterThan(0.7)
    expect(measures['missing cells']).toMatchObject({ value: 0, grade: 'A' })
    expect(measures.age!.observed).toBe('the newest row is 2d old')
    for (const { formula, observed } of Object.values(measures)) expect([formula, observed]).not.toContain('')
  })

  it('a comparison with the version before is computed once and kept', async () => {
    const before = await register(table(new Set()))
    const after = await register(table(new Set(), (row, x) => (row < 12 ? x + 1 : x)))
    const diff = await reports.diff(after.id, before.id, undefined)
    expect(TableDiff.parse(JSON.parse(JSON.stringify(diff)))).toEqual(diff)
    expect(diff).toMatchObject({ key: ['id'], added: 0, removed: 0, changed: 12, unchanged: 588 })
    expect(diff.columns.find((one) => one.name === 'x')!.changed).toBe(12)
    expect(await reports.diff(after.id, before.id, undefined)).toEqual(diff)
    expect(await reports.diff(after.id, before.id, [])).toMatchObject({ key: null, added: 12, removed: 12, changed: 0 })
    await expect(reports.diff(after.id, before.id, ['region'])).rejects.toMatchObject({
      code: 'ORRERY_DATA_DIFF_KEY_REPEATS',
    })
    await expect(reports.diff(after.id, 'nope', [])).rejects.toMatchObject({ code: 'ORRERY_DATA_VERSION_UNKNOWN' })
  })

  it('rows that were set aside can be read, with why', async () => {
    const version = await register(table(new Set(), (row, x) => (row === 3 ? 99 : x)))
    expect(version).toMatchObject({ rows: 599, quarantine: { rows: 1 } })
    const { rows, columns, quarantined } = await reports.quarantined(version.id, { limit: 10, offset: 0 })
    expect([rows, columns[1], quarantined.length]).toEqual([1, 'x', 1])
    expect(quarantined[0]).toMatchObject({ row: 4, reasons: 'x is less than 50' })
    expect(quarantined[0]!.cells[1]).toBe('99')
    expect((await reports.quarantined(version.id, { limit: 10, offset: 1 })).quarantined).toEqual([])
  })

  it('the part of each row is written beside the rows, once', async () => {
    const version = await register(table(new Set()))
    const [{ path, hash }, again] = await Promise.all([reports.parts(version.id), reports.parts(version.id)])
    expect(again.hash).toBe(hash)
    const split = version.split!
    const rows = await readSplit(await data.readPath(version), split, version.profile.label!, ['at'])
    const parts = await withDuck({ folders: [dirname(path)] }, (duck) =>
      duck.rows<{ part: string | null }>(`SELECT part FROM ${parquet(path)}`),
    )
    expect(parts.length).toBe(version.rows)
    for (const part of ['train', 'validation', 'test'] as const)
      expect(parts.flatMap((one, row) => (one.part === part ? [row] : []))).toEqual([...rows[part]])
  })

  it('how expectations stood, version by version', async () => {
    const [latest, ...others] = await reports.checks('shop', 'orders', 10)
    expect(others.length).toBe(3)
    expect(latest).toMatchObject({ number: 4, quarantined: 1 })
    expect(latest!.expectations[0]).toMatchObject({ rule: 'less_than', passed: false, setAside: true, failing: 1 })
    await expect(reports.checks('shop', 'nope', 10)).rejects.toMatchObject({ code: 'ORRERY_DATA_DATASET_UNKNOWN' })
  })
})
