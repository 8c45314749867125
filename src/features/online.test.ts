import { describe, expect, it } from 'vitest'
import { FeatureView } from '#projects/contract'
import { onEveryDatabase } from '#platform/testing'
import { openCatalog } from './catalog.ts'
import { answeringView, freshnessOf, openOnline } from './online.ts'
import { featureMigrations } from './migrations.ts'
import { serveVersion } from './materialization-store.ts'
import { type OnlineRow, openOnlineStore } from './online-store.ts'
import { seeded } from './plain-join.fixture.ts'
import { compareWithData } from './skew.ts'

const NOW = Date.parse('2025-06-01T00:00:00Z')

const viewsOf = (more: object = {}) => ({
  features: {
    usage: FeatureView.parse({
      ...{ from: 'calls', entities: ['customer', 'site'], time: 'day', created: 'written', ttl: '1h' },
      columns: { minutes: 'number', plan: 'text' },
      ...more,
    }),
    bills: FeatureView.parse({ from: 'bills', entities: ['customer'], time: 'day', columns: { due: 'number' } }),
  },
})

onEveryDatabase('the online store', featureMigrations, (storage) => {
  const store = openOnlineStore()
  const clock = { now: () => NOW }
  const put = (version: number, rows: OnlineRow[]) => storage().write((tx) => store.put(tx, version, rows, NOW))
  const kept = async (version: number, entity: string) => (await store.get(storage(), [{ version, entity }]))[0]
  const row = (entity: string, eventTime: number, created: number | null, value: number): OnlineRow => ({
    ...{ entity, eventTime, created, cells: [value] },
  })
  const open = () => {
    const catalog = openCatalog({ storage: storage(), clock })
    return { catalog, ...openOnline({ storage: storage(), clock, catalog, store }) }
  }

  it('keeps the last row of each entity, in whatever order and batches they arrive', async () => {
    const random = seeded(3)
    const rows = Array.from({ length: 300 }, (_, i) =>
      row(`e${random(9)}`, random(6), random(4) === 0 ? null : random(3), i),
    )
    // One of each place in time, or the order of arrival would be the answer.
    const unique = [...new Map(rows.map((one) => [`${one.entity} ${one.eventTime} ${one.created}`, one])).values()]
    for (const version of [101, 102]) {
      const shuffled = unique.map((one) => ({ one, at: random(1e6) })).sort((a, b) => a.at - b.at)
      while (shuffled.length > 0)
        await put(
          version,
          shuffled.splice(0, random(40) + 1).map(({ one }) => one),
        )
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

  it('removes a row only if nothing later took its place', async () => {
    await put(110, [row('a', 5, null, 1), row('b', 7, null, 1)])
    await storage().write(async (tx) => {
      await store.remove(tx, 110, { entity: 'a', eventTime: 5 })
      await store.remove(tx, 110, { entity: 'b', eventTime: 6 })
    })
    expect(await kept(110, 'a')).toBeUndefined()
    expect(await kept(110, 'b')).toBeDefined()
  })

  it('answers many entities and views in one call, each value with its freshness', async () => {
    const { catalog, push, read } = open()
    await storage().write((tx) => catalog.follow(tx, 'shop', viewsOf()))
    const usage = (customer: number, minutesAgo: number, minutes: number) => ({
      ...{ customer, site: 'a', minutes, plan: 'gold', written: NOW },
      day: new Date(NOW - minutesAgo * 60_000).toISOString(),
    })
    const pushed = [usage(1, 10, 3), usage(2, 60, 4), usage(3, 61, 5), usage(1, 20, 9)]
    expect(await push({ project: 'shop', view: 'usage', rows: pushed })).toEqual({ kept: 3, older: 1 })
    await push({ project: 'shop', view: 'bills', rows: [{ customer: '1', day: '2025-01-01', due: null }] })
    const entities = ['1', '2', '3', '4'].map((customer) => ({ customer, site: 'a' }))
    const { rows, versions } = await read({ project: 'shop', entities, fullNames: false })
    expect(versions).toEqual({ usage: 1, bills: 1 })
    expect(rows.map(({ values }) => values)).toEqual([
      { minutes: 3, plan: 'gold', due: null },
      { minutes: 4, plan: 'gold', due: null },
      { minutes: null, plan: null, due: null },
      { minutes: null, plan: null, due: null },
    ])
    expect(rows.map(({ views }) => [views.usage!.status, views.bills!.status])).toEqual([
      ['present', 'present'],
      ['present', 'not_found'],
      ['outside_ttl', 'not_found'],
      ['not_found', 'not_found'],
    ])
    expect(rows[0]!.views.usage).toMatchObject({ age: 600_000, eventTime: NOW - 600_000, writtenAt: NOW })
  })

  it('says what is missing of an entity, a view or a row', async () => {
    const { push, read } = open()
    const asked = { project: 'shop', entities: [{ customer: 1 }], fullNames: false }
    await expect(read(asked)).rejects.toMatchObject({
      code: 'ORRERY_FEATURES_ENTITY_MISSING',
      details: { key: 'site' },
    })
    await expect(read({ ...asked, views: ['uses'] })).rejects.toMatchObject({ code: 'ORRERY_FEATURES_VIEW_UNKNOWN' })
    const good = { customer: 1, day: '2025-05-01', due: 5 }
    for (const bad of [
      { ...good, due: '5' },
      { ...good, day: 'soon' },
      { ...good, day: NOW + 3_600_000 },
      { ...good, customer: null },
      { customer: 1, day: 1 },
    ])
      await expect(push({ project: 'shop', view: 'bills', rows: [bad] })).rejects.toMatchObject({
        code: 'ORRERY_FEATURES_ROW_NOT_ACCEPTED',
      })
  })

  it('lets the version that was materialized answer until the next one is, and takes away what is no more', async () => {
    const { catalog, push, read } = open()
    const apply = (more: object) => storage().write((tx) => catalog.follow(tx, 'turn', viewsOf(more)))
    await apply({})
    const [first] = await catalog.named('turn', ['usage'])
    await storage().write((tx) => serveVersion(tx, { project: 'turn', view: 'usage', version: first!.id }))
    await apply({ columns: { minutes: 'number' } })
    const [next] = await catalog.named('turn', ['usage'])
    expect(answeringView(next!)).toMatchObject({ id: first!.id, number: 1 })
    const pushed = { customer: 1, site: 'a', minutes: 3, plan: 'gold', day: NOW, written: NOW }
    await push({ project: 'turn', view: 'usage', rows: [pushed] })
    const ask = async () =>
      (await read({ project: 'turn', views: ['usage'], entities: [{ customer: 1, site: 'a' }], fullNames: true }))
        .rows[0]!
    expect((await ask()).values).toEqual({ usage__minutes: 3, usage__plan: 'gold' })
    await storage().write((tx) => serveVersion(tx, { project: 'turn', view: 'usage', version: next!.id }))
    catalog.forget()
    expect((await ask()).values).toEqual({ usage__minutes: 3 })
    await storage().write((tx) => catalog.follow(tx, 'turn', { features: {} }))
    expect(await store.count(storage(), first!.id)).toBe(0)
    expect(await catalog.views('turn')).toEqual([])
  })
})

describe('freshness', () => {
  it('has the end of the time to live inside', () => {
    const row = { eventTime: (NOW - 1_000) * 1_000, writtenAt: NOW }
    expect(freshnessOf(row, 1_000, NOW).status).toBe('present')
    expect(freshnessOf(row, 999, NOW).status).toBe('outside_ttl')
    expect(freshnessOf(row, null, NOW).status).toBe('present')
  })
})

describe('skew', () => {
  it('counts what is behind, missing or different, and not what was pushed ahead', () => {
    const columns = [{ name: 'x', type: 'number' as const, description: '' }]
    const row = (entity: string, eventTime: number, x: number) => ({ entity, eventTime, created: null, cells: [x] })
    const sample = ['same', 'ahead', 'behind', 'missing', 'different'].map((entity) => row(entity, 10, 1))
    const online = [row('same', 10, 1), row('ahead', 11, 5), row('behind', 9, 1), row('different', 10, 2)]
    const kept = new Map(online.map((one) => [one.entity, { ...one, version: 1, writtenAt: 0 }]))
    expect(compareWithData({ columns }, sample, kept)).toEqual({
      ...{ sampled: 5, equal: 1, ahead: 1, behind: 1, missing: 1, different: 1, share: 0.6, columns: { x: 1 } },
    })
  })
})
