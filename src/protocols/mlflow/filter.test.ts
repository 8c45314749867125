import { describe, expect, it } from 'vitest'
import { type Clause, parseFilter, parseOrder } from './filter.ts'

const clause = (on: Clause['on'], key: string, is: Clause['is'], value?: Clause['value']) => ({ on, key, is, value })

describe('parseFilter', () => {
  it.each<[string, Clause[]]>([
    ['', []],
    ['metrics.loss < 0.5', [clause('metric', 'loss', '<', 0.5)]],
    ['metric.loss>=-1e-3', [clause('metric', 'loss', '>=', -0.001)]],
    ["params.depth != '6'", [clause('param', 'depth', '!=', '6')]],
    ['parameters."max depth" = "6"', [clause('param', 'max depth', '=', '6')]],
    ["tags.`mlflow.source.name` LIKE 'train%'", [clause('tag', 'mlflow.source.name', 'like', 'train%')]],
    ["tags.mlflow.user ilike 'ANN'", [clause('tag', 'mlflow.user', 'ilike', 'ANN')]],
    ["params.a/b:c-d = 'x'", [clause('param', 'a/b:c-d', '=', 'x')]],
    ['tags.team IS NULL', [clause('tag', 'team', 'absent')]],
    ['params.team is not null', [clause('param', 'team', 'present')]],
    ['attributes.run_id IN (\'a\', "b")', [clause('attribute', 'run_id', 'in', ['a', 'b'])]],
    ["run_name not in ('a')", [clause('attribute', 'run_name', 'not in', ['a'])]],
    ["`run name` = 'it''s'", [clause('attribute', 'run name', '=', "it's")]],
    ["tags.a = ' and tags.b = '", [clause('tag', 'a', '=', ' and tags.b = ')]],
    ['start_time > 1700000000000', [clause('attribute', 'start_time', '>', 1_700_000_000_000)]],
    [
      "  metrics.a <> 1 AND\n params.b = 'c' and tags.constructor = 'd' ",
      [clause('metric', 'a', '!=', 1), clause('param', 'b', '=', 'c'), clause('tag', 'constructor', '=', 'd')],
    ],
  ])('reads %j', (filter, clauses) => {
    expect(parseFilter(filter)).toEqual(clauses)
  })

  it.each([
    ['foo', 'Invalid clause'],
    ['metrics.loss', 'Invalid clause'],
    ['metrics.loss <', 'Invalid clause'],
    ['metrics.loss ~ 3', 'Invalid clause'],
    ["params.a = 'b", 'Invalid clause'],
    ['params.a = b', 'Invalid clause'],
    ["params.a = 'b' or params.c = 'd'", 'Invalid clause'],
    ["params.a = 'b' and", 'Invalid clause'],
    ["params.a = 'b' params.c = 'd'", 'Invalid clause'],
    ["params.a in ('b'", 'Invalid clause'],
    ['params.a in (1)', 'quoted values only'],
    ["(params.a = 'b')", 'Invalid clause'],
    ['params.a is not', 'Invalid clause'],
    ['params.a like 3', 'Invalid clause'],
    ["things.a = 'b'", "Invalid entity type 'things'"],
    ["constructor.a = 'b'", "Invalid entity type 'constructor'"],
    ["params.a = 'b'; drop table tracking_runs", 'Invalid clause'],
    ['x'.repeat(100_001), 'longer than'],
    [Array(102).fill("params.a = 'b'").join(' and '), 'more than 100 clauses'],
  ])('refuses %j', (filter, reason) => {
    expect(() => parseFilter(filter)).toThrow(reason)
  })

  it.each(["'", '"', '`', '(', "'' ''", 'a.'])('refuses a hundred thousand times %j at once', (piece) => {
    const started = performance.now()
    expect(() => parseFilter(piece.repeat(100_000 / piece.length))).toThrow()
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

describe('parseOrder', () => {
  it.each([
    ['metrics.loss', { on: 'metric', key: 'loss', direction: 'asc' }],
    ['metrics.`val loss` DESC', { on: 'metric', key: 'val loss', direction: 'desc' }],
    ['start_time asc', { on: 'attribute', key: 'start_time', direction: 'asc' }],
    ['`run name` desc', { on: 'attribute', key: 'run name', direction: 'desc' }],
  ])('reads %j', (text, order) => {
    expect(parseOrder(text)).toEqual(order)
  })

  it.each(['', 'metrics.loss upwards', 'metrics.loss desc nulls', 'things.a'])('refuses %j', (text) => {
    expect(() => parseOrder(text)).toThrow(/Invalid/)
  })
})
