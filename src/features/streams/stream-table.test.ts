import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Data, openData, withDuck } from '#data'
import { dataMigrations } from '#data'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import type { ViewDefinition } from '../definition.ts'
import { featureMigrations } from '../migrations.ts'
import { countLogged, insertLogged } from './log-store.ts'
import { partsOf } from './part-store.ts'
import { openStreamTables, type StreamTables } from './stream-table.ts'

const view: ViewDefinition = {
  ...{ name: 'clicks', from: ['clicks'], sql: null, entities: ['customer'], time: 'at', created: null, ttl: null },
  stream: { server: 'nats://127.0.0.1:4222', name: 'EVENTS' },
  columns: [{ name: 'pages', type: 'number', description: '' }],
  ...{ description: '', owner: '', online: true, every: 3_600_000 },
}
const of = { project: 'shop', view: 'clicks' }

onEveryDatabase('the table of a stream', [...eventMigrations, ...dataMigrations, ...featureMigrations], (storage) => {
  let folder: string
  let data: Data
  let streamTables: StreamTables
  let now = 1_000_000
  let told = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-stream-table-'))
    const clock = { now: () => now }
    const blobs = await openBlobFolder(join(folder, 'blobs'))
    const events = openEvents({ storage: storage(), clock, log: openLog({ level: 'silent' }) })
    data = openData({ storage: storage(), blobs, events, clock })
    streamTables = openStreamTables({
      storage: storage(),
      blobs,
      data,
      clock,
      work: folder,
      smallRows: 1_000,
      fewestRows: 200,
    })
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function tell(rows: number): Promise<void> {
    for (const end = told + rows; told < end; ) {
      const piece = Array.from({ length: Math.min(500, end - told) }, () => {
        const seq = ++told
        return {
          origin: 'A',
          seq,
          eventTime: seq * 1_000,
          created: null,
          keys: { customer: `c${seq % 99}` },
          cells: { pages: seq },
        }
      })
      await storage().write((tx) => insertLogged(tx, of, piece))
    }
  }
  const version = (wanted: 'everything' | 'enough' | 'recent', of = view) =>
    streamTables.version('shop', of, { wanted })
  const parts = async () => (await partsOf(storage(), of)).map(({ rows }) => rows)
  async function rowsOf(id: string) {
    const path = await data.readPath(await data.version(id))
    return withDuck({ folders: [dirname(path)] }, (duck) =>
      duck.row(
        `SELECT count(*) AS rows, count(DISTINCT pages) AS different, sum(pages) AS sum FROM read_parquet('${path}')`,
      ),
    )
  }
  const all = (rows: number) => ({ rows, different: rows, sum: (rows * (rows + 1)) / 2 })

  it('has every row once, and is written anew when enough waits to be added', async () => {
    await expect(version('recent')).rejects.toMatchObject({ code: 'ORRERY_FEATURES_STREAM_EMPTY' })
    await tell(3)
    const first = await version('enough')
    expect(await rowsOf(first)).toMatchObject(all(3))
    // A small table follows at once when it is kept, and is not asked for more often than that.
    await tell(2)
    expect(await version('recent')).toBe(first)
    expect(await version('enough')).not.toBe(first)
    await tell(1_095)
    const large = await version('everything')
    expect(await rowsOf(large)).toMatchObject(all(1_100))
    expect([await parts(), await streamTables.waiting('shop', 'clicks')]).toEqual([[], 0])

    // What waits is written by itself; the table as it is stays.
    await tell(210)
    expect(await version('enough')).toBe(large)
    expect([await parts(), await countLogged(storage(), of)]).toEqual([[210], 0])
    await tell(40)
    expect(await version('enough')).toBe(large)
    expect([await parts(), await countLogged(storage(), of)]).toEqual([[210], 40])
    expect(await streamTables.waiting('shop', 'clicks')).toBe(250)
    // A join that is asked for meanwhile takes what there is, for as long as `every` says.
    expect(await version('recent')).toBe(large)
    now += view.every
    const recent = await version('recent')
    expect(await rowsOf(recent)).toMatchObject(all(1_350))
    expect([await parts(), await streamTables.waiting('shop', 'clicks')]).toEqual([[], 0])

    // Training takes everything; so does keeping when a quarter waits.
    await tell(1)
    const trained = await version('everything')
    expect(await rowsOf(trained)).toMatchObject(all(1_351))
    await tell(200)
    await version('enough')
    await tell(200)
    expect(await rowsOf(await version('enough'))).toMatchObject(all(1_751))
    expect(await parts()).toEqual([])
  }, 60_000)

  it('takes parts that were written before the view had another column', async () => {
    await tell(200)
    await version('enough')
    expect(await parts()).toEqual([200])
    const wider = { ...view, columns: [...view.columns, { name: 'device', type: 'text' as const, description: '' }] }
    const id = await version('everything', wider)
    expect(await rowsOf(id)).toMatchObject(all(1_951))
  }, 60_000)
})
