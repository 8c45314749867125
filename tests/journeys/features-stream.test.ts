import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect as connectNats, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { HAS_NATS, type RunningNats, startNats } from '../support/nats.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* A feature view fed from a stream of NATS JetStream: kept online as rows come, logged for historical joins, nothing lost. */

const project = 'shop'
const LOGIN = { user: 'orrery', password: 'open sesame' }
const WAIT = { timeout: 60_000, interval: 100 }

const fileFor = (server: string, more = '') => `
project: ${project}
data:
  customers: { source: customers.csv, label: left, split: { by: random } }
features:
  clicks:
    stream: { server: "${server}", name: EVENTS, subject: events.clicks, user: orrery, password: "\${secret.NATS_PASSWORD}" }
    entities: [customer]
    time: at
    created: sent
    columns: { pages: number, device: text${more} }
`

describe.skipIf(!HAS_NATS)('features from a stream (needs nats-server)', { timeout: 240_000 }, () => {
  let folder: string
  let nats: RunningNats
  let connection: NatsConnection
  let server: RunningServer
  let api: Server

  const start = async () => {
    const env = { ORRERY_SECRET_NATS_PASSWORD: LOGIN.password }
    server = await startServer({ home: join(folder, 'home'), env })
    api = connect(server.url)
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-stream-features-'))
    await writeFile(join(folder, 'customers.csv'), `customer,left\n${'1,0\n2,1\n'.repeat(20)}`)
    nats = await startNats(LOGIN)
    connection = await connectNats({
      ...{
        servers: nats.url,
        user: LOGIN.user,
        pass: LOGIN.password,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
      },
    })
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name: 'EVENTS', subjects: ['events.>'] })
    await start()
    await api.applyProject({ body: { file: fileFor(nats.url), folder } })
  })
  afterAll(async () => {
    await connection?.close()
    await server?.stop()
    await nats?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const click = (customer: string, minute: number, pages: number, sent = minute) => ({
    ...{ customer, pages, device: 'phone' },
    at: `2025-03-01T09:${String(minute).padStart(2, '0')}:00Z`,
    sent: `2025-03-01T10:${String(sent).padStart(2, '0')}:00Z`,
  })
  const publish = (message: unknown, subject = 'events.clicks') =>
    jetstream(connection).publish(subject, typeof message === 'string' ? message : JSON.stringify(message))
  const online = async (customers: readonly string[]) => {
    const entities = customers.map((customer) => ({ customer }))
    const { rows } = await api.onlineFeatures({ body: { project, views: ['clicks'], entities } })
    return rows.map(({ values }) => values.pages)
  }
  const info = async () => (await api.getFeatureView({ params: { project, view: 'clicks' } })).stream!
  const past = async (rows: { customer: string; event_time: string }[]) => {
    const found = await api.historicalFeatures({ body: { project, views: ['clicks'], rows } })
    return found.rows.map((row) => row[found.columns.indexOf('pages')])
  }
  const materialize = async () => {
    const { jobs } = await api.materializeFeatures({ body: { project } })
    for (const { job } of jobs)
      await expect
        .poll(async () => {
          const { state, error } = await api.getFeaturesJob({ params: { job } })
          return error ?? state
        }, WAIT)
        .toBe('succeeded')
  }

  it('keeps the newest row of each entity, late and out of order as they come', async () => {
    for (const row of [click('1', 10, 3), click('2', 5, 1), click('1', 20, 5), click('1', 15, 4), click('2', 5, 2, 6)])
      await publish(row)
    // Sent before the one that is kept, of the same moment: a late copy changes nothing.
    await publish(click('2', 5, 9, 4))
    await publish({ ...click('3', 1, 1), other: 'what nobody asked for', nested: { a: 1 } })
    await publish(click('4', 1, 1), 'events.other')
    await expect.poll(() => online(['1', '2', '3', '4']), WAIT).toEqual([5, 2, 1, null])
    await expect.poll(async () => (await info()).lag, WAIT).toBe(0)
    expect(await info()).toMatchObject({ connected: true, received: 7, rejected: 0, logged: 7, error: null })
  })

  it('tells historical joins everything the stream told, as it was at each time', async () => {
    await materialize()
    const at = (minute: number) => `2025-03-01T09:${minute}:00Z`
    const frame = [
      { customer: '1', event_time: at(12) },
      { customer: '1', event_time: at(17) },
      { customer: '1', event_time: at(59) },
      { customer: '2', event_time: at(59) },
      { customer: '4', event_time: at(59) },
    ]
    expect(await past(frame)).toEqual([3, 4, 5, 2, null])
    const { versions } = await api.listDataVersions({ params: { project, dataset: 'clicks' } })
    expect(versions[0]).toMatchObject({ rows: 7, source: { kind: 'appended', rows: 7 } })
    expect((await info()).logged).toBe(0)
    // The same definition: what materialization found is what the stream left.
    const { state } = await api.getFeatureView({ params: { project, view: 'clicks' } })
    expect(state).toMatchObject({ entities: 3, version: 1 })
    await publish(click('1', 30, 6))
    await expect.poll(() => online(['1']), WAIT).toEqual([6])
    await materialize()
    expect(await past([{ customer: '1', event_time: at(59) }])).toEqual([6])
  })

  it('sets aside what is no row, with its reason, and goes on', async () => {
    const good = click('5', 1, 7)
    for (const bad of ['{', '[1]', { ...good, pages: '7' }, { ...good, at: 'soon' }, { ...good, customer: undefined }])
      await publish(bad)
    await publish(good)
    await expect.poll(() => online(['5']), WAIT).toEqual([7])
    const { rejected, messages } = await api.listRejectedMessages({ params: { project, view: 'clicks' }, query: {} })
    expect(rejected).toBe(5)
    expect(messages.map(({ reason }) => reason)).toEqual([
      '"customer" is missing.',
      '"at" is no time.',
      '"pages" is no number.',
      'it is no JSON object',
      'it is no JSON in UTF-8',
    ])
    expect(messages[4]).toMatchObject({ body: '{', origin: expect.stringMatching(/^EVENTS@/) })
    const text = await (await fetch(`${server.url}/metrics`)).text()
    expect(text).toMatch(/orrery_features_stream_rejected\{project="shop",view="clicks"\} 5/)
    expect(text).toMatch(/orrery_features_stream_lag\{project="shop",view="clicks"\} \d/)
  })

  it('loses nothing over kill -9, and what comes twice is one row', async () => {
    const rows = Array.from({ length: 4_000 }, (_, i) => click(`k${i}`, i % 60, i))
    const publishing = Promise.all(rows.map((row) => publish(row)))
    await expect.poll(async () => (await info()).received, { ...WAIT, interval: 10 }).toBeGreaterThan(600)
    await server.kill()
    await publishing
    await start()
    const customers = rows.map(({ customer }) => customer)
    await expect.poll(async () => (await online(customers)).filter((pages) => pages === null).length, WAIT).toBe(0)
    expect(await online(customers)).toEqual(rows.map(({ pages }) => pages))
    await expect.poll(async () => (await info()).lag, { timeout: 90_000, interval: 500 }).toBe(0)
    await materialize()
    expect(await past(customers.map((customer) => ({ customer, event_time: '2025-03-02T00:00:00Z' })))).toEqual(
      rows.map(({ pages }) => pages),
    )
    const { versions } = await api.listDataVersions({ params: { project, dataset: 'clicks' } })
    expect(versions[0]!.rows).toBe(7 + 1 + 1 + rows.length)
  })

  it('goes on where it was when the NATS server was away', async () => {
    await nats.kill()
    await expect.poll(async () => (await info()).connected, WAIT).toBe(false)
    expect(await online(['1'])).toEqual([6])
    await nats.again()
    await expect
      .poll(
        () =>
          publish(click('1', 40, 8)).then(
            () => true,
            () => false,
          ),
        WAIT,
      )
      .toBe(true)
    await expect.poll(() => online(['1']), WAIT).toEqual([8])
    await expect.poll(async () => (await info()).connected, WAIT).toBe(true)
  })

  it('keeps one row of what is sent all over again', async () => {
    await expect.poll(async () => (await info()).lag, WAIT).toBe(0)
    await materialize()
    const latest = async () => (await api.listDataVersions({ params: { project, dataset: 'clicks' } })).versions[0]!
    const { rows, id } = await latest()
    const { received } = await info()
    const manager = await jetstreamManager(connection)
    await manager.consumers.delete('EVENTS', `orrery-${project}-clicks`)
    await expect
      .poll(async () => (await info()).received, { timeout: 90_000, interval: 200 })
      .toBeGreaterThan(received + rows)
    await expect.poll(async () => (await info()).lag, { timeout: 90_000, interval: 500 }).toBe(0)
    expect((await info()).logged).toBe(0)
    await materialize()
    expect(await latest()).toMatchObject({ id, rows })
  })

  it('lets a new version of the view answer from all that was told before', async () => {
    const file = fileFor(nats.url, ', region: text')
    await api.applyProject({ body: { file, folder } })
    await expect
      .poll(async () => (await api.getFeatureView({ params: { project, view: 'clicks' } })).version, WAIT)
      .toBe(2)
    const old = click('6', 1, 1)
    await publish(old)
    await publish({ ...click('7', 1, 2), region: 'north' })
    await materialize()
    await expect.poll(() => online(['1', '2', '7']), WAIT).toEqual([8, 2, 2])
    const { versions } = await api.getFeatureView({ params: { project, view: 'clicks' } })
    expect(versions.map(({ version, statistics }) => [version, statistics.map(({ name }) => name)])).toEqual([
      [2, ['pages', 'device', 'region']],
      [1, ['pages', 'device']],
    ])
    // What the new version has no column for is no row of it.
    const { messages } = await api.listRejectedMessages({ params: { project, view: 'clicks' }, query: { limit: 1 } })
    expect(messages[0]!.reason).toBe('"region" is missing.')
    // Unless the view says that senders may lack it.
    await api.applyProject({ body: { file: fileFor(nats.url, ', region: { type: text, optional: true }'), folder } })
    await publish(old)
    await expect.poll(() => online(['6', '7']), WAIT).toEqual([1, 2])
    expect((await api.getFeatureView({ params: { project, view: 'clicks' } })).version).toBe(2)
  })

  it('says why a stream cannot be read, without the password', async () => {
    await api.applyProject({ body: { file: fileFor(nats.url).replace('user: orrery', 'user: somebody'), folder } })
    await expect.poll(async () => (await info()).error?.message ?? '', WAIT).toMatch(/authorization/i)
    expect(JSON.stringify(await info())).not.toContain(LOGIN.password)
  })

  it('takes its consumer away with the view, and no other', async () => {
    await api.applyProject({ body: { file: fileFor(nats.url), folder } })
    const manager = await jetstreamManager(connection)
    await manager.consumers.add('EVENTS', { durable_name: 'somebody-elses' })
    await expect.poll(async () => (await info()).connected, WAIT).toBe(true)
    const [before] = fileFor(nats.url).split('features:')
    await api.applyProject({ body: { file: before!, folder } })
    const names = async () => (await manager.consumers.list('EVENTS').next()).map(({ name }) => name)
    await expect.poll(names, WAIT).toEqual(['somebody-elses'])
  })
})
