import { describe, expect, it } from 'vitest'
import { conditionsFrom, ordersFrom } from './trace-filter.ts'

describe('the filter of traces', () => {
  it.each([
    ["status = 'OK'", { on: 'attribute', key: 'state', is: '=', value: 'ok' }],
    ["trace.state = 'IN_PROGRESS'", { on: 'attribute', key: 'state', is: '=', value: 'in_progress' }],
    ["status IN ('ERROR', 'OK')", { on: 'attribute', key: 'state', is: 'in', value: ['error', 'ok'] }],
    ['timestamp_ms > 1700000000000', { on: 'attribute', key: 'startedAt', is: '>', value: 1_700_000_000_000 }],
    ['attributes.timestamp <= 5', { on: 'attribute', key: 'startedAt', is: '<=', value: 5 }],
    ['trace.execution_time_ms >= 20', { on: 'attribute', key: 'durationMs', is: '>=', value: 20 }],
    ['end_time < 9', { on: 'attribute', key: 'endedAt', is: '<', value: 9 }],
    ["name ILIKE '%chat%'", { on: 'attribute', key: 'name', is: 'ilike', value: '%chat%' }],
    ["tags.`mlflow.traceName` = 'a'", { on: 'attribute', key: 'name', is: '=', value: 'a' }],
    ["tag.team != 'red'", { on: 'tag', key: 'team', is: '!=', value: 'red' }],
    ['tags.team IS NOT NULL', { on: 'tag', key: 'team', is: 'present' }],
    ["metadata.`mlflow.modelId` = 'm-1'", { on: 'metadata', key: 'mlflow.modelId', is: '=', value: 'm-1' }],
    ["request_metadata.`mlflow.sourceRun` = 'r'", { on: 'run', is: '=', value: 'r' }],
    ["attribute.run_id = 'r'", { on: 'run', is: '=', value: 'r' }],
    ["metadata.mlflow.trace.session = 's'", { on: 'attribute', key: 'session', is: '=', value: 's' }],
    ["request_id = 'tr-1'", { on: 'attribute', key: 'id', is: '=', value: 'tr-1' }],
    ["span.type = 'LLM'", { on: 'span', key: 'type', is: '=', value: 'LLM' }],
    ["span.status = 'ERROR'", { on: 'span', key: 'status', is: '=', value: 'error' }],
    ["span.attributes.gen_ai.model LIKE 'g%'", { on: 'span-attribute', key: 'gen_ai.model', is: 'like', value: 'g%' }],
    ["trace.text ILIKE '%x%'", { on: 'text', is: 'ilike', value: '%x%' }],
    ['feedback.score >= 0.5', { on: 'assessment', kind: 'feedback', key: 'score', is: '>=', value: 0.5 }],
    ["expectation.answer = 'yes'", { on: 'assessment', kind: 'expectation', key: 'answer', is: '=', value: 'yes' }],
    ["issue.id = 'i-1'", { on: 'issue', is: '=', value: 'i-1' }],
    ["prompt = 'greet/2'", { on: 'prompt', is: '=', value: 'greet/2' }],
  ])('reads %s', (filter, condition) => {
    expect(conditionsFrom(filter)).toMatchObject([condition])
  })

  it('reads clauses joined by AND', () => {
    expect(conditionsFrom("status = 'OK' AND tags.a = 'b' and timestamp > 1")).toHaveLength(3)
    expect(conditionsFrom('')).toEqual([])
  })

  it.each([
    "status = 'OK' OR name = 'a'",
    "colour = 'red'",
    'metrics.loss > 1',
    "timestamp_ms > 'late'",
    "timestamp_ms LIKE '%1'",
    'name = 5',
    "name > 'a'",
    "name RLIKE '^(a+)+$'",
    "span.colour = 'red'",
    "span.content = 'x'",
    'feedback.score > ',
    "feedback.score > 'high'",
    'feedback.score = 1',
    "issue.name = 'x'",
    "issue.id != 'x'",
    "prompt LIKE 'x%'",
    "name = 'a",
    "name = 'a' AND",
    "'; drop table tracing_traces; --",
  ])('refuses %s', (filter) => {
    expect(() => conditionsFrom(filter)).toThrow(expect.objectContaining({ status: 400 }))
  })
})

describe('the order of traces', () => {
  it('reads attributes, tags and metadata', () => {
    expect(ordersFrom(['timestamp_ms DESC', 'attributes.status', 'tags.team desc', 'run_id', 'experiment_id'])).toEqual(
      [
        { on: 'attribute', key: 'startedAt', direction: 'desc' },
        { on: 'attribute', key: 'state', direction: 'asc' },
        { on: 'tag', key: 'team', direction: 'desc' },
        { on: 'attribute', key: 'run', direction: 'asc' },
        { on: 'attribute', key: 'experiment', direction: 'asc' },
      ],
    )
  })

  it.each([[['colour']], [['span.name']], [['timestamp sideways']], [['name', 'name DESC']]])(
    'refuses %s',
    (orders) => {
      expect(() => ordersFrom(orders)).toThrow(expect.objectContaining({ status: 400 }))
    },
  )
})
