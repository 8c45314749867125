import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { parseProject } from '#projects'
import { type FeastView, fromFeast } from './from-feast.ts'

const view = (more: Partial<FeastView>): FeastView => ({
  ...{ name: 'driver_stats', description: '', owner: '', ttl: 86_400, online: true, entities: ['driver_id'] },
  fields: [
    { name: 'rate', type: 'Float32', description: 'trips per hour' },
    { name: 'city', type: 'String', description: '' },
  ],
  source: { kind: 'FileSource', name: 'stats', path: 'data/stats.parquet', time: 'ts', created: 'made', renamed: {} },
  pushed: 'NoneType',
  ...more,
})

it('says a repository in the words of a project file, which can be read', () => {
  const second = view({ name: 'Driver Stats', ttl: 0, online: false })
  const { data, features, left } = fromFeast({ project: 'rides', views: [view({}), second], left: [] })
  expect(data).toEqual({ stats: { source: 'data/stats.parquet' } })
  const file = { project: 'rides', data: { ...data, trips: { source: 'trips.csv', label: 'late' } }, features }
  const { spec } = parseProject(stringify(file))
  expect(spec.features.driver_stats).toMatchObject({
    ...{ from: 'stats', entities: ['driver_id'], time: 'ts', created: 'made', ttl: 86_400_000 },
    columns: { rate: { type: 'number', description: 'trips per hour' }, city: 'text' },
  })
  expect(spec.features.driver_stats_2).toMatchObject({ online: false })
  expect(spec.features.driver_stats_2).not.toHaveProperty('ttl')
  expect(left).toEqual(['view Driver Stats: is called driver_stats_2 here'])
})

it('renames columns where Feast does', () => {
  const source = { ...view({}).source!, renamed: { when: 'ts', rt: 'rate' }, time: 'when' }
  const { features } = fromFeast({ project: 'rides', views: [view({ source })], left: [] })
  expect(features.driver_stats).toMatchObject({
    time: 'ts',
    sql: 'SELECT * EXCLUDE ("when", "rt"), "when" AS "ts", "rt" AS "rate" FROM "stats"',
  })
})

it('names what is left out, each with its reason', () => {
  const left = [{ kind: 'on-demand view', name: 'later' }]
  const odd = view({ fields: [...view({}).fields, { name: 'track', type: 'Array(Float64)', description: '' }] })
  const elsewhere = view({ name: 'big', source: { ...view({}).source!, kind: 'BigQuerySource', path: null } })
  const made = fromFeast({ project: 'rides', views: [odd, elsewhere, view({ name: 'all', entities: [] })], left })
  expect(Object.keys(made.features)).toEqual(['driver_stats'])
  expect(made.left).toEqual([
    expect.stringMatching(/^on-demand view later: its Python is not carried over; write .* `on_demand:/),
    'view driver_stats: track is of type Array(Float64)',
    'view big: its source is a BigQuerySource, not a file',
    'view all: it has no entity',
  ])
})

it('carries views of streams over with the file that joins read, and says who has to send their rows here', () => {
  const pushed = view({ pushed: 'PushSource' })
  const streamed = view({ name: 'trips', pushed: 'KafkaSource', transformed: true })
  const made = fromFeast({ project: 'rides', views: [pushed, streamed], left: [] })
  expect(made.features.trips).toEqual(made.features.driver_stats)
  expect(made.left).toEqual([
    'view driver_stats: its PushSource is left: push rows to POST /api/features/push',
    'view trips: its KafkaSource is left: push rows as they are after its transformation, which is not carried over, to ' +
      'POST /api/features/push, or feed a view from NATS with `stream:`',
  ])
})
