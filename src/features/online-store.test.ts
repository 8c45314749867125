import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import { openSqlite, type Storage } from '#platform/storage'
import { HAS_REDIS, type RunningRedis, startRedis } from '../../tests/support/redis.ts'
import { featureMigrations } from './migrations.ts'
import { openDatabaseStore, type OnlineRow, type OnlineStore } from './online-store.ts'
import { openOnlineStore } from './open-online-store.ts'
import { seeded } from './plain-join.fixture.ts'

/* One contract for every place in which the latest rows of entities are kept. */

const NOW = 1_700_000_000_000

const row = (entity: string, eventTime: number, created: number | null, ...cells: OnlineRow['cells']): OnlineRow => ({
  ...{ entity, eventTime, created, cells },
})

function contract(opened: () => OnlineStore): void {
  const puts = (rows: readonly OnlineRow[]) => rows.map((put) => ({ put }))
  const kept = async (version: number, entity: string) => (await opened().get([{ version, entity }]))[0]

  it('keeps the last row of each entity, in whatever order and batches they arrive', async () => {
    const random = seeded(3)
    const rows = Array.from({ length: 300 }, (_, i) =>
      row(`e${random(9)}`, random(6), random(4) === 0 ? null : random(3), i),
    )
    // One of each place in time, or the order of arrival would be the answer.
    const unique = [...new Map(rows.map((one) => [`${one.entity} ${one.eventTime} ${one.created}`, one])).values()]
    for (const version of [101, 102]) {
      const shuffled = unique.map((one) => ({ one, at: random(1e6) })).sort((a, b) => a.at - b.at)
      while (shuffled.length > 0) {
        const some = shuffled.splice(0, random(40) + 1).map(({ one }) => one)
        if (version === 101) await opened().apply(version, puts(some), NOW)
        else for (const one of some) await opened().push(version, one, NOW)
      }
    }
    for (const entity of new Set(unique.map((one) => one.entity))) {
      const wanted = unique
        .filter((one) => one.entity === entity)
        .sort((a, b) => a.eventTime - b.eventTime || (a.created ?? -1) - (b.created ?? -1))
        .at(-1)!
      expect(await kept(101, entity)).toEqual({ ...wanted, version: 101, writtenAt: NOW })
      expect((await kept(102, entity))!.cells).toEqual(wanted.cells)
    }
  })

  it('keeps any text, number and time as they are', async () => {
    const rows = [
      row('a b\n"[', 1_700_000_000_000_123, 1_700_000_000_000_456, 'x [y] "z"\n', 0.1 + 0.2, null, -1e-300),
      row('−', -5, null, ''),
    ]
    await opened().apply(105, puts(rows), NOW)
    for (const one of rows) expect(await kept(105, one.entity)).toEqual({ ...one, version: 105, writtenAt: NOW })
  })

  it('tells whoever pushes whether the row was kept', async () => {
    const answers: boolean[] = []
    for (const time of [5, 7, 6, 7]) answers.push(await opened().push(107, row('a', time, null, time), NOW))
    expect(answers).toEqual([true, true, false, true])
  })

  it('keeps the last of rows that are pushed at once', async () => {
    const times = Array.from({ length: 60 }, (_, i) => (i * 37) % 61)
    await Promise.all(times.map((time) => opened().push(108, row('a', time, null, time), NOW)))
    expect((await kept(108, 'a'))!.cells).toEqual([Math.max(...times)])
  })

  it('removes a row only if nothing later took its place', async () => {
    await opened().apply(110, puts([row('a', 5, null, 1), row('b', 7, null, 1)]), NOW)
    const gone = [{ gone: { entity: 'a', eventTime: 5 } }, { gone: { entity: 'b', eventTime: 6 } }]
    await opened().apply(110, gone, NOW)
    expect(await kept(110, 'a')).toBeUndefined()
    expect(await kept(110, 'b')).toBeDefined()
  })

  it('applies changes in their order, and tells its own database of them', async () => {
    const told: string[] = []
    const changes = [
      { put: row('a', 5, null, 1) },
      { gone: { entity: 'a', eventTime: 5 } },
      { put: row('a', 4, null, 2) },
    ]
    await opened().apply(111, changes, NOW, async () => void told.push('also'))
    expect((await kept(111, 'a'))!.cells).toEqual([2])
    expect(told).toEqual(['also'])
  })

  it('counts the entities of a version, names versions, and takes one away', async () => {
    await opened().apply(120, puts([row('a', 1, null, 1), row('b', 1, null, 1)]), NOW)
    await opened().apply(121, puts([row('a', 1, null, 1)]), NOW)
    expect([await opened().count(120), await opened().count(121), await opened().count(122)]).toEqual([2, 1, 0])
    expect(await opened().versions()).toEqual(expect.arrayContaining([120, 121]))
    await opened().removeAll(120)
    expect([await opened().isEmpty(120), await opened().isEmpty(121)]).toEqual([true, false])
    expect(await opened().versions()).not.toContain(120)
  })

  it('reads many entities of many versions at once', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => row(`e${i}`, i, null, i))
    for (const version of [130, 131]) await opened().apply(version, puts(many), NOW)
    const wanted = many.flatMap(({ entity }) => [130, 131].map((version) => ({ version, entity })))
    const found = await opened().get([...wanted, { version: 130, entity: 'nobody' }])
    expect(found.length).toBe(6_000)
    expect(found.every((one) => one.entity === `e${one.cells[0]}`)).toBe(true)
  })
}

onEveryDatabase('the online store', featureMigrations, (storage) => {
  contract(() => openDatabaseStore({ rows: storage(), own: storage() }))
})

/** The server's own database, beside a store in a place of its own. */
async function openOwn(): Promise<Storage & { remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-online-'))
  const own = await openSqlite({ file: join(folder, 'own.db'), durability: 'full' })
  return {
    ...own,
    remove: async () => {
      await own.close()
      await rm(folder, { recursive: true })
    },
  }
}

describe.skipIf(!process.env.ORRERY_TEST_POSTGRES)('the online store on another PostgreSQL', () => {
  let own: Awaited<ReturnType<typeof openOwn>>
  let store: OnlineStore
  beforeAll(async () => {
    own = await openOwn()
    store = await openOnlineStore({ at: process.env.ORRERY_TEST_POSTGRES, storage: own })
    for (const version of await store.versions()) await store.removeAll(version)
  })
  afterAll(async () => {
    await store.close()
    await own.remove()
  })
  contract(() => store)
})

describe.skipIf(!HAS_REDIS)('the online store on Redis (needs redis-server)', () => {
  let own: Awaited<ReturnType<typeof openOwn>>
  let redis: RunningRedis
  let store: OnlineStore
  beforeAll(async () => {
    own = await openOwn()
    redis = await startRedis()
    store = await openOnlineStore({ at: redis.url, storage: own })
  })
  afterAll(async () => {
    await store.close()
    await redis.stop()
    await own.remove()
  })
  contract(() => store)

  it('leaves what others keep in the same Redis under another prefix', async () => {
    const other = await openOnlineStore({ at: `${redis.url}?prefix=theirs`, storage: own })
    await other.apply(140, [{ put: row('a', 1, null, 1) }], NOW)
    await store.removeAll(140)
    expect(await other.count(140)).toBe(1)
    expect(await other.versions()).toEqual([140])
    await other.close()
  })

  it('says at once that it is away, and goes on when it is back', async () => {
    await redis.kill()
    const refused = { code: 'ORRERY_FEATURES_ONLINE_STORE_UNREACHABLE', status: 503 }
    await expect(store.get([{ version: 1, entity: 'a' }])).rejects.toMatchObject(refused)
    await expect(store.push(1, row('a', 1, null, 1), NOW)).rejects.toMatchObject(refused)
    await expect(openOnlineStore({ at: redis.url, storage: own })).rejects.toMatchObject(refused)
    await redis.again()
    const push = () => store.push(1, row('a', 1, null, 1), NOW).catch(() => false)
    await expect.poll(push, { timeout: 10_000 }).toBe(true)
  })
})

it('refuses an address that is none of a store', async () => {
  await expect(openOnlineStore({ at: 'mysql://a:secret@b/c', storage: {} as Storage })).rejects.toMatchObject({
    code: 'ORRERY_FEATURES_ONLINE_STORE_UNKNOWN',
    message: expect.not.stringContaining('secret'),
  })
})
