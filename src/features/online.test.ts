import { describe, expect, it } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import { FeatureView } from '#projects/contract'
import { openCatalog } from './catalog.ts'
import { completeRecords } from './complete.ts'
import { openComputing } from './computing.ts'
import { serveVersion } from './materialization-store.ts'
import { forgetOldRows } from './materialize.ts'
import { featureMigrations } from './migrations.ts'
import { answeringView, freshnessOf, openOnline } from './online.ts'
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
    return { catalog, store, ...openOnline({ clock, catalog, store, compute: openComputing() }) }
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

  it('computes features on demand from what is kept and from the request, and says what a request lacks', async () => {
    const { catalog, push, read } = open()
    const cost = FeatureView.parse({
      on_demand: { views: ['usage', 'bills'], request: { price: 'number', at: 'time' } },
      columns: {
        per_minute: 'price / max(minutes, 1)',
        owes: 'due > 0 ? "yes" : "no"',
        hour: 'floor(at / 3600000) % 24',
      },
    })
    const { features } = viewsOf()
    await storage().write((tx) => catalog.follow(tx, 'cost', { features: { ...features, cost } }))
    const row = { customer: 1, site: 'a', minutes: 4, plan: 'gold', day: NOW - 60_000, written: NOW }
    await push({ project: 'cost', view: 'usage', rows: [row] })
    await push({ project: 'cost', view: 'bills', rows: [{ customer: 1, day: '2025-05-31', due: 5 }] })
    const entity = { customer: 1, site: 'a' }
    const asked = { ...entity, price: 10, at: '2025-06-01T07:30:00Z' }
    const only = { project: 'cost', views: ['cost'], fullNames: false }
    const { rows, versions } = await read({ ...only, entities: [asked] })
    expect(versions).toEqual({ cost: 1 })
    expect(rows).toEqual([
      {
        values: { per_minute: 2.5, owes: 'yes', hour: 7 },
        views: { cost: { status: 'computed', eventTime: NOW - 86_400_000, age: 86_400_000, writtenAt: NOW } },
      },
    ])
    // A minute and more after it was written, a row of usage holds no longer; what was sent stands.
    const sent = await read({ ...only, entities: [{ ...asked, minutes: 20, customer: 2 }] })
    expect(sent.rows[0]!.values).toEqual({ per_minute: 0.5, owes: 'no', hour: 7 })
    for (const [bad, code] of [
      [{ price: 1 }, 'ORRERY_FEATURES_REQUEST_VALUE_MISSING'],
      [{ price: '1', at: NOW }, 'ORRERY_FEATURES_REQUEST_VALUE_MISTYPED'],
      [{ price: 1, at: '2025-02-30' }, 'ORRERY_FEATURES_REQUEST_VALUE_MISTYPED'],
    ] as const)
      await expect(read({ ...only, entities: [{ ...entity, ...bad }] })).rejects.toMatchObject({ code, status: 400 })
    const all = await read({ project: 'cost', entities: [entity], fullNames: false })
    expect(all.rows[0]!.values).toMatchObject({ minutes: 4, due: 5, per_minute: null })
    expect(all.rows[0]!.views.cost!.status).toBe('request_lacks')
    await expect(push({ project: 'cost', view: 'cost', rows: [asked] })).rejects.toMatchObject({
      code: 'ORRERY_FEATURES_VIEW_COMPUTED',
    })

    const complete = (records: (typeof asked & Record<string, number | string | null>)[], views = ['cost']) =>
      completeRecords({ catalog, read, compute: openComputing() }, { project: 'cost', views, records })
    expect(await complete([asked])).toEqual([{ ...asked, per_minute: 2.5, owes: 'yes', hour: 7 }])
    expect(await complete([{ ...asked, minutes: 8, due: 0 }], ['bills', 'cost'])).toEqual([
      { ...asked, minutes: 8, due: 0, per_minute: 1.25, owes: 'no', hour: 7 },
    ])
    // Whoever sends what would be computed needs no keys.
    const whole = { per_minute: 1, owes: 'no', hour: 1 } as never
    expect(await complete([whole])).toEqual([whole])
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
    const [first] = await catalog.withRows('turn', ['usage'])
    await storage().write((tx) => serveVersion(tx, { project: 'turn', view: 'usage', version: first!.id }))
    await apply({ columns: { minutes: 'number' } })
    const [next] = await catalog.withRows('turn', ['usage'])
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
