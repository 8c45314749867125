import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { HAS_REDIS, type RunningRedis, startRedis } from '../support/redis.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* Online features that have outgrown the server's own database: in a Redis, which may go away and forget. */

const PROJECT = `
project: shop
data:
  customers: { source: customers.csv, label: left, split: { by: random } }
  visits: { source: visits.csv, columns: { customer: { type: text } } }
features:
  visits: { from: visits, entities: [customer], time: day, columns: { pages: number, device: text } }
`
const ENTITIES = ['1', '2', '3'].map((customer) => ({ customer }))
const WAIT = { timeout: 60_000, interval: 100 }

describe.skipIf(!HAS_REDIS)('online features in Redis (needs redis-server)', () => {
  let folder: string
  let redis: RunningRedis
  let server: RunningServer
  let api: Server
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-redis-features-'))
    await writeFile(join(folder, 'customers.csv'), `customer,left\n${'1,0\n2,1\n'.repeat(20)}`)
    await writeFile(
      join(folder, 'visits.csv'),
      'customer,day,pages,device\n1,2025-03-01,5,phone\n2,2025-03-02,1,desk\n',
    )
    redis = await startRedis()
    server = await startServer({ env: { ORRERY_ONLINE_STORE: redis.url } })
    api = connect(server.url)
    await api.applyProject({ body: { file: PROJECT, folder } })
  })
  afterAll(async () => {
    await server?.stop()
    await redis?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const read = async () => {
    const { rows } = await api.onlineFeatures({ body: { project: 'shop', entities: ENTITIES } })
    return rows.map(({ values }) => values.pages)
  }
  const materialize = async () => {
    const { jobs } = await api.materializeFeatures({ body: { project: 'shop' } })
    for (const { job } of jobs)
      await expect.poll(async () => (await api.getFeaturesJob({ params: { job } })).state, WAIT).toBe('succeeded')
  }

  it('are materialized, pushed and read there', async () => {
    await materialize()
    expect(await read()).toEqual([5, 1, null])
    const row = { customer: '3', day: '2025-03-03', pages: 7, device: 'desk' }
    const body = { project: 'shop', view: 'visits', rows: [row, { ...row, day: '2025-03-02' }] }
    expect(await api.pushFeatures({ body })).toEqual({ kept: 1, older: 1 })
    expect(await read()).toEqual([5, 1, 7])
    const { state } = await api.getFeatureView({ params: { project: 'shop', view: 'visits' } })
    expect(state).toMatchObject({ entities: 3, version: 1 })
  })

  it('are refused while it is away, and written as a whole again when it comes back with nothing', async () => {
    await redis.kill()
    await expect(read()).rejects.toMatchObject({ code: 'ORRERY_FEATURES_ONLINE_STORE_UNREACHABLE', status: 503 })
    await redis.again()
    await expect.poll(() => read().catch(() => null), WAIT).toEqual([5, 1, null])
  }, 90_000)

  it('do not keep a server from saying why it cannot start', async () => {
    const started = startServer({ env: { ORRERY_ONLINE_STORE: 'redis://127.0.0.1:9' } })
    await expect(started).rejects.toThrow(/ORRERY_FEATURES_ONLINE_STORE_UNREACHABLE|does not answer/)
  })
})
