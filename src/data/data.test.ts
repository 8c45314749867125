import { readFile } from 'node:fs/promises'
import { beforeAll, expect, it } from 'vitest'
import { type Blobs, openBlobFolder } from '#platform/blobs'
import { type Events, eventMigrations, openEvents } from '#platform/events'
import { openHttp } from '#platform/http'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { appendRows } from './append.ts'
import { DataVersion } from './contract.ts'
import { type Data, type NewDataVersion, openData } from './data.ts'
import { openFileDatasets } from './files/file-datasets.ts'
import { dataMigrations } from './migrations.ts'
import { openDataReports } from './reports/reports.ts'
import { mountData } from './routes.ts'
import { plainTable, splitBy, testFolder } from './tables.fixture.ts'

const folder = testFolder()
const spec = { label: 'bought', split: splitBy('stratified') }

onEveryDatabase('datasets and versions', [...eventMigrations, ...dataMigrations], (storage) => {
  let data: Data
  let blobs: Blobs
  let events: Events
  let now = 1_000
  const clock = { now: () => now++ }

  beforeAll(async () => {
    blobs = await openBlobFolder(folder.path(`blobs-${storage().capabilities.name}`))
    events = openEvents({ storage: storage(), clock, log: openLog({ level: 'silent' }) })
    data = openData({ storage: storage(), blobs, events, clock })
  })

  async function ingested(rows: number, more: Partial<NewDataVersion> = {}): Promise<NewDataVersion> {
    const { parquetPath, bytes, ...table } = await folder.ingestText(plainTable(rows), spec)
    return { project: 'shop', dataset: 'orders', blob: await blobs.putFile(parquetPath), ...table, ...more }
  }
  const register = (version: NewDataVersion) => storage().write((tx) => data.registerVersion(tx, version))

  it('start with nothing', async () => {
    expect(await data.datasets('shop')).toEqual([])
    expect(await data.latest('shop', 'orders')).toBeUndefined()
    await expect(data.versions('shop', 'orders', { limit: 10, offset: 0 })).rejects.toMatchObject({
      code: 'ORRERY_DATA_DATASET_UNKNOWN',
    })
    await expect(data.version('nope')).rejects.toMatchObject({ code: 'ORRERY_DATA_VERSION_UNKNOWN' })
    await expect(data.preview('nope')).rejects.toMatchObject({ code: 'ORRERY_DATA_VERSION_UNKNOWN' })
  })

  it('keep everything of a version, and its rows', async () => {
    const made = await ingested(50)
    const version = await register(made)
    expect(version).toMatchObject({ number: 1, rows: 50, columns: 2, project: 'shop', dataset: 'orders', parent: null })
    expect(await data.version(version.id)).toEqual(version)
    expect(DataVersion.parse(JSON.parse(JSON.stringify(version)))).toEqual(version)
    expect(version.profile).toEqual(made.profile)
    expect((await data.preview(version.id)).rows[1]).toEqual(['1.5', 'no'])
    expect((await readFile(await data.readPath(version))).subarray(0, 4).toString()).toBe('PAR1')
  })

  it('tell it in an event, once', async () => {
    const [event, ...others] = await events.after(0, { project: 'shop' })
    const { id, contentHash } = (await data.latest('shop', 'orders'))!
    expect(event).toMatchObject({
      type: 'data.version_created',
      subject: id,
      data: { dataset: 'orders', number: 1, rows: 50, contentHash, parent: null, added: 50 },
    })
    expect(others).toEqual([])
  })

  it('are the same version when the same table is registered again', async () => {
    const again = await register(await ingested(50))
    expect(again.number).toBe(1)
    expect(await events.after(0, { project: 'shop' })).toHaveLength(1)
    const elsewhere = await register(await ingested(50, { dataset: 'copies' }))
    expect(elsewhere).toMatchObject({ dataset: 'copies', number: 1 })
    expect(elsewhere.id).not.toBe(again.id)
  })

  it('are another version when rows, split or label differ', async () => {
    const first = await ingested(50)
    expect((await register(await ingested(60))).number).toBe(2)
    expect((await register({ ...first, split: { ...first.split!, hash: 'sha256:other' } })).number).toBe(3)
    const label = { ...first.profile.label!, classes: ['yes', 'no'] }
    expect((await register({ ...first, profile: { ...first.profile, label } })).number).toBe(4)
  })

  it('come from a parent when rows are appended', async () => {
    const parent = (await data.latest('shop', 'orders'))!
    const { schema } = await data.version(parent.id)
    const { parquetPath, bytes, ...table } = await appendRows({
      base: { parquetPath: await data.readPath(await data.version(parent.id)), schema },
      rows: [{ amount: 7, bought: 'yes' }],
      from: 'the prediction log',
      spec,
      target: folder.target(),
    })
    const child = await register({
      project: 'shop',
      dataset: 'orders',
      blob: await blobs.putFile(parquetPath),
      parent: parent.id,
      ...table,
    })
    expect(child).toMatchObject({ number: 5, rows: 51, parent: parent.id, source: { kind: 'appended', rows: 1 } })
    const [newest] = await events.latest({ project: 'shop', limit: 1 })
    expect(newest?.data).toMatchObject({ added: 1, rows: 51, parent: parent.id })
  })

  it('are listed newest first, in pages, per project', async () => {
    const page = async (offset: number) =>
      (await data.versions('shop', 'orders', { limit: 2, offset })).map((version) => version.number)
    expect([await page(0), await page(2), await page(4)]).toEqual([[5, 4], [3, 2], [1]])
    const datasets = await data.datasets('shop')
    expect(datasets.map(({ name, versions, latest }) => [name, versions, latest?.number])).toEqual([
      ['copies', 1, 1],
      ['orders', 5, 5],
    ])
    expect(await data.datasets('other')).toEqual([])
  })

  it('get each number once when many are registered at the same time', async () => {
    const tables: NewDataVersion[] = []
    for (const rows of [70, 71, 72, 73]) tables.push(await ingested(rows, { dataset: 'busy' }))
    const versions = await Promise.all([...tables, ...tables].map(register))
    expect(new Set(versions.map((version) => version.number))).toEqual(new Set([1, 2, 3, 4]))
    expect(new Set(versions.map((version) => version.id)).size).toBe(4)
  })

  it('leave nothing when the transaction fails', async () => {
    const version = await ingested(90, { dataset: 'failed' })
    const failing = storage().write(async (tx) => {
      await data.registerVersion(tx, version)
      throw new Error('the disk is full')
    })
    await expect(failing).rejects.toThrow('the disk is full')
    expect((await data.datasets('shop')).some((dataset) => dataset.name === 'failed')).toBe(false)
  })

  it('are shown over HTTP', async () => {
    const authorize = async () => ({ name: 'local', roles: ['admin'] })
    const http = await openHttp({ log: openLog({ level: 'silent' }), authorize, version: 'test' })
    const files = openFileDatasets({ storage: storage(), blobs, events, ledger: '/nowhere' })
    const projects = { project: async () => Promise.reject(new Error('not asked')) }
    const reports = openDataReports({ storage: storage(), blobs, data, projects, clock, work: '/nowhere' })
    mountData(http, { data, files, reports })
    const get = async (url: string) => {
      const answer = await http.fastify.inject({ url })
      return { status: answer.statusCode, body: answer.json() }
    }
    const { body } = await get('/api/projects/shop/datasets')
    expect(body.datasets.map((dataset: { name: string }) => dataset.name)).toEqual(['busy', 'copies', 'orders'])
    const first = await get('/api/projects/shop/datasets/orders/versions?limit=3')
    const second = await get(`/api/projects/shop/datasets/orders/versions?limit=3&cursor=${first.body.next}`)
    const numbers = [...first.body.versions, ...second.body.versions].map(
      (version: { number: number }) => version.number,
    )
    expect(numbers).toEqual([5, 4, 3, 2, 1])
    expect(second.body.next).toBeNull()
    const id = first.body.versions[0].id
    expect((await get(`/api/data-versions/${id}`)).body).toEqual(await data.version(id))
    expect((await get(`/api/data-versions/${id}/preview`)).body).toEqual(await data.preview(id))
    expect((await get('/api/projects/shop/datasets/orders/versions/latest')).body.id).toBe(id)
    expect((await get('/api/projects/shop/datasets/orders/versions/5')).body.id).toBe(id)
    expect((await get('/api/projects/shop/datasets/orders/versions/1')).body.number).toBe(1)
    expect(await get('/api/projects/shop/datasets/orders/versions/6')).toMatchObject({
      status: 404,
      body: { error: { code: 'ORRERY_DATA_VERSION_UNKNOWN' } },
    })
    expect((await get('/api/projects/shop/datasets/nope/versions/latest')).body.error.code).toBe(
      'ORRERY_DATA_DATASET_UNKNOWN',
    )
    const { blobHash } = await data.version(id)
    const whole = await http.fastify.inject({ url: `/api/data-versions/${id}/table.parquet` })
    expect(whole.headers.etag).toBe(`"${blobHash}"`)
    expect(whole.rawPayload.equals(await blobs.get(blobHash))).toBe(true)
    expect(await get('/api/data-versions/nope')).toMatchObject({
      status: 404,
      body: { error: { code: 'ORRERY_DATA_VERSION_UNKNOWN' } },
    })
    expect((await get('/api/projects/shop/datasets/nope/versions')).status).toBe(404)
    await http.fastify.close()
  })
})
