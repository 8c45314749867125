import { describe, expect, it } from 'vitest'
import { FeatureView } from '#projects/contract'
import { onEveryDatabase } from '#platform/testing'
import { openCatalog } from './catalog.ts'
import { answeringView, freshnessOf, openOnline } from './online.ts'
import { featureMigrations } from './migrations.ts'
import { serveVersion } from './materialization-store.ts'
import { forgetOldRows } from './materialize.ts'
import { openDatabaseStore } from './online-store.ts'
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

onEveryDatabase('online features', featureMigrations, (storage) => {
  const clock = { now: () => NOW }
  const open = () => {
    const catalog = openCatalog({ storage: storage(), clock })
    const store = openDatabaseStore({ rows: storage(), own: storage() })
    return { catalog, store, ...openOnline({ clock, catalog, store }) }
  }

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
    const { catalog, store, push, read } = open()
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
    await forgetOldRows(catalog, store)
    expect(await store.count(first!.id)).toBe(0)
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
