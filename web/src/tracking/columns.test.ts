import { describe, expect, it } from 'vitest'
import type { RunLine } from '#tracking/contract'
import {
  bestIn,
  column,
  columnFrom,
  differingColumns,
  firstColumns,
  firstDirection,
  metricColumns,
  valueIn,
  varyingFirst,
} from './columns.ts'
import { inputsOf, registeredAs } from './tag-words.ts'

const run = (about: Partial<RunLine>) =>
  ({ params: {}, metrics: {}, tags: {}, bounds: {}, nested: 0, ...about }) as RunLine

describe('columns of runs', () => {
  const runs = [
    run({
      params: { depth: '4', seed: '7' },
      metrics: { 'val/loss': 0.4, 'system/cpu': 3 },
      bounds: { 'val/loss': { min: 0.1, max: 0.9 } },
      tags: { team: 'red', 'mlflow.user': 'ann' },
    }),
    run({
      params: { depth: '6', seed: '7' },
      metrics: { 'val/loss': 0.3, 'system/cpu': 3 },
      bounds: { 'val/loss': { min: 0.2, max: 0.8 } },
      tags: { team: 'green', 'mlflow.user': 'bob' },
    }),
  ]

  it('begin with metrics and what tells the runs apart', () => {
    expect(firstColumns(runs).map(({ id }) => id)).toEqual(['metric:val/loss', 'param:depth'])
    expect(firstColumns(runs.slice(0, 1)).map(({ id }) => id)).toEqual(['metric:val/loss', 'param:depth', 'param:seed'])
  })

  it('can be those that differ, without what clients set by themselves', () => {
    expect(differingColumns(runs).map(({ id }) => id)).toEqual(['metric:val/loss', 'param:depth', 'tag:team'])
    expect(differingColumns([...runs, run({})]).map(({ id }) => id)).toContain('param:seed')
    expect(differingColumns([...runs, run({ nested: 2 })]).map(({ id }) => id)).not.toContain('param:seed')
  })

  it('know the best values beside the last ones, and the best of all', () => {
    const [min, max] = [column('metric_min', 'val/loss'), column('metric_max', 'val/loss')]
    expect(runs.map((each) => valueIn(each, min))).toEqual([0.1, 0.2])
    expect(runs.map((each) => valueIn(each, max))).toEqual([0.9, 0.8])
    expect(bestIn(runs, min)).toBe(0.1)
    expect(bestIn(runs, column('metric', 'val/loss'))).toBe(0.3)
    expect(bestIn(runs, max)).toBeUndefined()
    expect(bestIn(runs.slice(0, 1), min)).toBeUndefined()
    expect(metricColumns(runs, 'val/loss').map(({ id }) => id)).toEqual(['metric:val/loss', 'metric_min:val/loss'])
    expect(metricColumns(runs, 'system/cpu').map(({ id }) => id)).toEqual(['metric:system/cpu'])
    expect(varyingFirst(runs, ['system/cpu', 'val/loss'])).toEqual(['val/loss', 'system/cpu'])
    expect(firstDirection(min)).toBe('asc')
    expect(firstDirection(column('metric', 'accuracy'))).toBe('desc')
  })

  it('are called as the server calls them, whatever people name what they log', () => {
    expect(columnFrom('param:a:b c')).toEqual(column('param', 'a:b c'))
    expect(columnFrom('startedAt')).toBeUndefined()
    expect(valueIn(run({}), column('param', 'constructor'))).toBeUndefined()
  })
})

describe('what clients keep in tags', () => {
  const dataset = {
    name: 'iris',
    digest: 'abc',
    source_type: 'local',
    source: '{}',
    profile: '{"num_rows": 150}',
    schema: '{"mlflow_colspec": [{"type": "double", "name": "width"}]}',
  }

  it('tells the datasets of a run', () => {
    const tags = [{ key: 'mlflow.data.context', value: 'training' }]
    expect(inputsOf({ 'orrery.input.dataset.abc.iris': JSON.stringify({ tags, dataset }), other: '1' })).toEqual([
      {
        ...{ name: 'iris', digest: 'abc', context: 'training', sourceType: 'local', source: '{}' },
        profile: { num_rows: 150 },
        columns: [{ name: 'width', type: 'double' }],
      },
    ])
    expect(inputsOf({ 'orrery.input.dataset.x.y': 'no json' })).toMatchObject([{ name: '', context: null }])
  })

  it('tells what a model was registered as', () => {
    expect(registeredAs({ 'mlflow.modelVersions': '[{"name": "clf", "version": "2"}, 7]' })).toEqual([
      { name: 'clf', version: 2 },
    ])
    expect(registeredAs({})).toEqual([])
  })
})
