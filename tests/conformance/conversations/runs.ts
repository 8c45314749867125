import type { Conversation } from '../conversation.ts'

export const runs: Conversation = async (t) => {
  const { experiment_id } = await t.post('experiments/create', { name: 'runs' })
  const made = await t.post('runs/create', {
    experiment_id,
    user_id: 'ann',
    run_name: 'first',
    start_time: 1_700_000_000_000,
    tags: [{ key: 'mlflow.user', value: 'ann' }],
  })
  const run_id = made.run.info.run_id
  await t.post('runs/create', { experiment_id }, 'run with nothing')
  await t.post('runs/create', {}, 'run without experiment')
  await t.post('runs/create', { experiment_id: '' }, 'run with empty experiment')
  await t.post('runs/create', { experiment_id: '987654' })
  await t.post('runs/create', { experiment_id, start_time: '1700000000000' }, 'start as text')
  await t.post('runs/create', { experiment_id, start_time: 'soon' })
  await t.post('runs/create', { experiment_id, start_time: 1.5 })
  await t.post('runs/create', { experiment_id, start_time: 1e3 }, 'start as 1e3')
  await t.post('runs/create', { experiment_id, start_time: -5 })
  await t.post('runs/create', { experiment_id, start_time: null })
  await t.post('runs/create', { experiment_id, start_time: true })
  await t.post('runs/create', { experiment_id, run_name: 7 })
  await t.post('runs/create', { experiment_id: 1 }, 'experiment id as number')
  await t.post('runs/create', { experiment_id, run_name: '', start_time: 1 }, 'empty name')
  await t.post('runs/create', { experiment_id, run_name: 'r'.repeat(250), start_time: 1 }, 'name of 250')
  await t.post('runs/create', { experiment_id, run_name: 'r'.repeat(251), start_time: 1 }, 'name of 251')
  await t.post('runs/create', { experiment_id, colour: 'red', run_name: 'x', start_time: 1 }, 'unknown field')
  await t.post('runs/create', { experiment_id, start_time: 1, tags: [{ key: 'mlflow.runName', value: 'by tag' }] })
  await t.post('runs/create', {
    experiment_id,
    run_name: 'a',
    start_time: 1,
    tags: [{ key: 'mlflow.runName', value: 'b' }],
  })
  await t.post(
    'runs/create',
    { experiment_id, run_name: 'a', start_time: 1, tags: [{ key: 'mlflow.runName', value: 'a' }] },
    'same name twice',
  )
  await t.post(
    'runs/create',
    { experiment_id, run_name: 'child', start_time: 1, tags: [{ key: 'mlflow.parentRunId', value: run_id }] },
    'child',
  )
  await t.post('runs/create', {
    experiment_id,
    run_name: 'orphan',
    start_time: 1,
    tags: [{ key: 'mlflow.parentRunId', value: 'nobody' }],
  })
  await t.post('runs/create', {
    experiment_id,
    user_id: 'ann',
    run_name: 'u',
    tags: [{ key: 'mlflow.user', value: 'bob' }],
  })
  await t.post('runs/create', {
    experiment_id,
    run_name: 'tags',
    start_time: 1,
    tags: [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' },
    ],
  })
  await t.post('runs/create', { experiment_id, run_name: 'tags', start_time: 1, tags: [{ key: 'a' }] })
  await t.post('runs/create', { experiment_id, run_name: 'tags', start_time: 1, tags: [{ value: 'a' }] })
  await t.post('runs/create', { experiment_id, run_name: 'tags', start_time: 1, tags: [{ key: 'a|b', value: 'x' }] })
  await t.post(
    'runs/create',
    { experiment_id, run_name: 'tags', start_time: 1, tags: [{ key: 'long', value: 'v'.repeat(8_001) }] },
    'tag of 8001',
  )
  await t.post('runs/create', { experiment_id, run_name: 'tags', start_time: 1, tags: { a: 'b' } })

  await t.get('runs/get', { run_id })
  await t.get('runs/get', { run_uuid: run_id })
  await t.get('runs/get', { run_id: 'nobody' })
  await t.get('runs/get', { run_id: '' })
  await t.get('runs/get', {})
  await t.get('runs/get', { run_id: '../../x' })

  await t.post('runs/update', { run_id, status: 'FINISHED', end_time: 1_700_000_100_000 })
  await t.post('runs/update', { run_id, run_name: 'renamed' })
  await t.get('runs/get', { run_id }, 'renamed')
  await t.post('runs/update', { run_id, run_name: '' })
  await t.post('runs/update', { run_id, status: 'RUNNING' })
  await t.post('runs/update', { run_id, status: 'SCHEDULED' })
  await t.post('runs/update', { run_id, status: 'KILLED', end_time: 5 })
  await t.post('runs/update', { run_id, status: 'LOST' })
  await t.post('runs/update', { run_id, status: 4 })
  await t.post('runs/update', { run_id, status: 99 })
  await t.post('runs/update', { run_id, status: null }, 'status null')
  await t.post('runs/update', { run_id, end_time: 'late' })
  await t.post('runs/update', { run_id, end_time: '1700000100001' }, 'end as text')
  await t.post('runs/update', { run_uuid: run_id, status: 'FAILED', end_time: 6 })
  await t.post('runs/update', { run_id }, 'nothing to update')
  await t.post('runs/update', {})
  await t.post('runs/update', { run_id: 'nobody', status: 'FINISHED' })

  await t.post('runs/set-tag', { run_id, key: 'mlflow.runName', value: 'named by tag' })
  await t.get('runs/get', { run_id }, 'named by tag')
  await t.post('runs/delete-tag', { run_id, key: 'mlflow.runName' })
  await t.get('runs/get', { run_id }, 'without the name tag')
  await t.post('runs/set-tag', { run_id, key: 'mlflow.parentRunId', value: 'nobody' })
  await t.get('runs/get', { run_id }, 'with a parent that is none')

  await t.post('runs/delete', { run_id })
  await t.get('runs/get', { run_id }, 'in the bin')
  await t.post('runs/delete', { run_id }, 'delete twice')
  await t.post('runs/update', { run_id, status: 'FINISHED' }, 'update in the bin')
  await t.post('runs/set-tag', { run_id, key: 'a', value: 'b' }, 'tag in the bin')
  await t.post('runs/delete-tag', { run_id, key: 'a' }, 'untag in the bin')
  await t.post('runs/log-metric', { run_id, key: 'a', value: 1, timestamp: 1 }, 'metric in the bin')
  await t.post('runs/log-parameter', { run_id, key: 'a', value: '1' }, 'param in the bin')
  await t.post('runs/log-batch', { run_id, params: [{ key: 'a', value: '1' }] }, 'batch in the bin')
  await t.post('runs/restore', { run_id })
  await t.post('runs/restore', { run_id }, 'restore twice')
  await t.post('runs/delete', {})
  await t.post('runs/delete', { run_id: 'nobody' })
  await t.post('runs/restore', { run_id: 'nobody' })
  await t.post('runs/restore', {})
}

export const values: Conversation = async (t) => {
  const { experiment_id } = await t.post('experiments/create', { name: 'values' })
  const { run } = await t.post('runs/create', { experiment_id, run_name: 'values', start_time: 1 })
  const run_id = run.info.run_id
  const metric = (body: object, label?: string) => t.post('runs/log-metric', { run_id, ...body }, label)
  await metric({ key: 'loss', value: 0.5, timestamp: 10 })
  await metric({ key: 'loss', value: 0.25, timestamp: 20, step: 1 })
  await metric({ key: 'loss', value: 0.3, timestamp: 15, step: 1 })
  await metric({ key: 'loss', value: 0.25, timestamp: 20, step: 1 }, 'the same point again')
  await metric({ key: 'loss', value: '0.125', timestamp: '30', step: '2' })
  await metric({ key: 'loss', value: 9, timestamp: 1, step: -1 })
  await metric({ key: 'nan', value: 'NaN', timestamp: 10 })
  await metric({ key: 'inf', value: 'Infinity', timestamp: 10 })
  await metric({ key: 'minus inf', value: '-Infinity', timestamp: 10 })
  for (const raw of ['NaN', 'Infinity', '-Infinity', '1e400', '1e-400', '-0', '1E3', '01', '.5', '0x10'])
    await t.ask('POST', 'runs/log-metric', {
      body: `{"run_id": "${run_id}", "key": "raw", "value": ${raw}, "timestamp": 1}`,
      headers: { 'content-type': 'application/json' },
      label: `raw value ${raw}`,
    })
  for (const value of ['nan', 'inf', '-inf', 'abc', '', ' 1 ', '1e3', '0x10', true, null, [1], {}])
    await metric({ key: 'odd', value, timestamp: 1 })
  await metric({ key: 'odd', timestamp: 1 })
  await metric({ key: 'odd', value: 1 })
  await metric({ value: 1, timestamp: 1 })
  await metric({ key: '', value: 1, timestamp: 1 })
  for (const timestamp of [
    -1,
    0,
    '5',
    'x',
    1.5,
    2.0,
    9_007_199_254_740_991,
    '9223372036854775807',
    '9223372036854775808',
    null,
    true,
  ])
    await metric({ key: 'at', value: 1, timestamp })
  for (const step of [-5, '7', 'x', 1.5, null, '9223372036854775807', 1e20])
    await metric({ key: 'step', value: 1, timestamp: 1, step })
  for (const key of [
    'a/b',
    'a b',
    'a:b',
    'a.b',
    'a-b',
    'größe',
    '日本',
    '🌲',
    'a|b',
    'a\\b',
    'a\nb',
    '../a',
    'a/../b',
    './a',
    'a/./b',
    '/a',
    'a//b',
    'a/',
    '..',
    '.',
    '...',
    'a?b',
    "a'b",
    'a"b',
    'a`b',
    'a%b',
    ' a ',
    '\u0000',
  ])
    await metric({ key, value: 1, timestamp: 1 })
  await metric({ key: 'k'.repeat(250), value: 1, timestamp: 1 }, 'metric key of 250')
  await metric({ key: 'k'.repeat(251), value: 1, timestamp: 1 }, 'metric key of 251')
  await metric({ key: 'about', value: 1, timestamp: 1, model_id: '', dataset_name: 'd', dataset_digest: 'e' })
  await metric({ key: 'about', value: 1, timestamp: 2, unknown: 5 })
  await t.post('runs/log-metric', { run_uuid: run_id, key: 'old', value: 1, timestamp: 1 })
  await t.post('runs/log-metric', { run_id: 'nobody', key: 'old', value: 1, timestamp: 1 })
  await t.post('runs/log-metric', { key: 'old', value: 1, timestamp: 1 })
  await t.post('runs/log-metric', {})

  const param = (body: object, label?: string) => t.post('runs/log-parameter', { run_id, ...body }, label)
  await param({ key: 'depth', value: '6' })
  await param({ key: 'depth', value: '6' }, 'the same param again')
  await param({ key: 'depth', value: '7' })
  await param({ key: 'empty', value: '' })
  await param({ key: 'none' })
  await param({ key: 'number', value: 6 })
  await param({ key: 'null', value: null })
  await param({ key: 'bool', value: true })
  await param({ value: '6' })
  await param({ key: '', value: '6' })
  await param({ key: 'a|b', value: '6' })
  await param({ key: 'p'.repeat(250), value: '6' }, 'param key of 250')
  await param({ key: 'p'.repeat(251), value: '6' }, 'param key of 251')
  await param({ key: 'v6000', value: 'v'.repeat(6_000) }, 'param of 6000')
  await param({ key: 'v6001', value: 'v'.repeat(6_001) }, 'param of 6001')
  await param({ key: 'v6001', value: `${'v'.repeat(6_000)}w` }, 'the same after cutting')
  await param({ key: 'wide', value: '🌲'.repeat(6_001) }, 'param of 6001 wide characters')
  await t.post('runs/log-parameter', { run_id: 'nobody', key: 'a', value: 'b' })

  const tag = (body: object, label?: string) => t.post('runs/set-tag', { run_id, ...body }, label)
  await tag({ key: 'note', value: 'first' })
  await tag({ key: 'note', value: 'second' })
  await tag({ key: 'empty', value: '' })
  await tag({ key: 'none' })
  await tag({ key: 'number', value: 6 })
  await tag({ key: 'a|b', value: 'x' })
  await tag({ value: 'x' })
  await tag({ key: 't'.repeat(250), value: 'x' }, 'tag key of 250')
  await tag({ key: 't'.repeat(251), value: 'x' }, 'tag key of 251')
  await tag({ key: 'v8000', value: 'v'.repeat(8_000) }, 'tag of 8000')
  await tag({ key: 'v8001', value: 'v'.repeat(8_001) }, 'tag of 8001')
  await t.post('runs/set-tag', { run_id: 'nobody', key: 'a', value: 'b' })
  await t.post('runs/delete-tag', { run_id, key: 'note' })
  await t.post('runs/delete-tag', { run_id, key: 'note' }, 'untag twice')
  await t.post('runs/delete-tag', { run_id })
  await t.post('runs/delete-tag', { run_id: 'nobody', key: 'a' })
  await t.get('runs/get', { run_id }, 'all values')
}

export const batches: Conversation = async (t) => {
  const { experiment_id } = await t.post('experiments/create', { name: 'batches' })
  const { run } = await t.post('runs/create', { experiment_id, run_name: 'batches', start_time: 1 })
  const run_id = run.info.run_id
  const batch = (body: object, label?: string) => t.post('runs/log-batch', { run_id, ...body }, label)
  const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))
  const metrics = (count: number, key = 'm') => many(count, (i) => ({ key, value: i, timestamp: i, step: i }))
  const pairs = (count: number, key: string) => many(count, (i) => ({ key: `${key}${i}`, value: String(i) }))
  await batch({})
  await batch({ metrics: metrics(3), params: pairs(2, 'p'), tags: pairs(2, 't') })
  await batch({ metrics: metrics(1_000, 'thousand') }, '1000 metrics')
  await batch({ metrics: metrics(1_001, 'more') }, '1001 metrics')
  await batch({ params: pairs(100, 'hundred') }, '100 params')
  await batch({ params: pairs(101, 'more') }, '101 params')
  await batch({ tags: pairs(100, 'hundred') }, '100 tags')
  await batch({ tags: pairs(101, 'more') }, '101 tags')
  await batch({ metrics: metrics(800, 'all'), params: pairs(100, 'all'), tags: pairs(100, 'all') }, '1000 of all')
  await batch({ metrics: metrics(801, 'over'), params: pairs(100, 'over'), tags: pairs(100, 'over') }, '1001 of all')
  await batch({
    params: [
      { key: 'same', value: '1' },
      { key: 'same', value: '1' },
    ],
  })
  await batch({
    params: [
      { key: 'same', value: '1' },
      { key: 'same', value: '2' },
    ],
  })
  await batch({
    tags: [
      { key: 'same', value: '1' },
      { key: 'same', value: '2' },
    ],
  })
  await batch(
    {
      params: [
        { key: 'new', value: '1' },
        { key: 'p0', value: 'other' },
      ],
      tags: [{ key: 'left', value: 'out' }],
      metrics: metrics(1, 'left out'),
    },
    'conflict keeps nothing',
  )
  await batch({
    metrics: [
      { key: 'good', value: 1, timestamp: 1 },
      { key: 'a|b', value: 1, timestamp: 1 },
    ],
  })
  await batch({ metrics: [{ key: 'm', value: 1 }] })
  await batch({ metrics: [{ key: 'm', timestamp: 1 }] })
  await batch({ metrics: [{ value: 1, timestamp: 1 }] })
  await batch({ metrics: [{ key: 'm', value: 'x', timestamp: 1 }] })
  await batch({
    metrics: [
      { key: 'nan', value: 'NaN', timestamp: 1 },
      { key: 'inf', value: 'Infinity', timestamp: 1 },
    ],
  })
  await batch({ metrics: [{ key: 'm', value: 1, timestamp: -1 }] })
  await batch({ metrics: 'none' })
  await batch({ metrics: null, params: null, tags: null })
  await batch({ metrics: {} })
  await batch({ metrics: ['x'] })
  await batch({ params: [{ key: 'q' }] })
  await batch({ params: [{ value: 'q' }] })
  await batch({ params: [{ key: 'long', value: 'v'.repeat(6_001) }] }, 'long param')
  await batch({ tags: [{ key: 'long', value: 'v'.repeat(8_001) }] }, 'long tag')
  await batch(
    {
      tags: [
        { key: 'long key', value: '' },
        { key: 'k'.repeat(251), value: 'v' },
      ],
    },
    'long key',
  )
  await batch({ tags: [{ key: 'mlflow.runName', value: 'by batch' }] })
  await batch({
    metrics: [
      { key: 'latest', value: 1, timestamp: 5, step: 5 },
      { key: 'latest', value: 2, timestamp: 4, step: 6 },
      { key: 'latest', value: 3, timestamp: 9, step: 1 },
    ],
  })
  await t.post('runs/log-batch', {})
  await t.post('runs/log-batch', { run_id: 'nobody' })
  await t.post('runs/log-batch', { run_uuid: run_id })
  await t.get('runs/get', { run_id }, 'after batches')
}

export const history: Conversation = async (t) => {
  const { experiment_id } = await t.post('experiments/create', { name: 'history' })
  const made: string[] = []
  for (const name of ['a', 'b']) {
    const { run } = await t.post('runs/create', { experiment_id, run_name: name, start_time: 1 })
    made.push(run.info.run_id)
    const metrics = Array.from({ length: 40 }, (_, i) => ({
      key: 'loss',
      value: 40 - i,
      timestamp: 1_000 + i,
      step: i * 2,
    }))
    await t.post('runs/log-batch', { run_id: run.info.run_id, metrics }, 'forty points')
    await t.post('runs/log-batch', {
      run_id: run.info.run_id,
      metrics: [
        { key: 'odd', value: 'NaN', timestamp: 3, step: 1 },
        { key: 'odd', value: 'Infinity', timestamp: 2, step: 2 },
        { key: 'odd', value: 5, timestamp: 1, step: 0 },
      ],
    })
  }
  const [a, b] = made as [string, string]
  const get = (query: Record<string, string>) => t.get('metrics/get-history', { run_id: a, ...query })
  await get({ metric_key: 'loss' })
  await get({ metric_key: 'odd' })
  await get({ metric_key: 'nothing' })
  await get({ metric_key: '' })
  await get({})
  const first = await get({ metric_key: 'loss', max_results: '15' })
  const second = await get({ metric_key: 'loss', max_results: '15', page_token: first.next_page_token })
  await get({ metric_key: 'loss', max_results: '10', page_token: second.next_page_token })
  await get({ metric_key: 'loss', max_results: '40' })
  await get({ metric_key: 'loss', max_results: '41' })
  await get({ metric_key: 'loss', max_results: '0' })
  await get({ metric_key: 'loss', max_results: '-1' })
  await get({ metric_key: 'loss', max_results: 'x' })
  await get({ metric_key: 'loss', max_results: '5', page_token: 'no token' })
  await t.get('metrics/get-history', { run_uuid: a, metric_key: 'loss', max_results: '1' })
  await t.get('metrics/get-history', { run_id: 'nobody', metric_key: 'loss' })
  await t.get('metrics/get-history', { metric_key: 'loss' })

  const bulk = '/ajax-api/2.0/mlflow/metrics/get-history-bulk'
  // Runs come by id, and ids are in another order on every server.
  const one: [string, string][] = [['run_id', a]]
  await t.get(bulk, [...one, ['metric_key', 'loss']])
  await t.get(bulk, [...one, ['metric_key', 'odd']])
  await t.get(bulk, [...one, ['metric_key', 'loss'], ['max_results', '25']])
  await t.get(bulk, [...one, ['metric_key', 'loss'], ['max_results', '0']])
  await t.get(bulk, [
    ['run_id', a],
    ['run_id', 'nobody'],
    ['metric_key', 'loss'],
    ['max_results', '2'],
  ])
  await t.get(bulk, { run_id: a })
  await t.get(bulk, { metric_key: 'loss' })
  await t.get(
    bulk,
    [...Array.from({ length: 101 }, (): [string, string] => ['run_id', a]), ['metric_key', 'loss']],
    'bulk of 101 runs',
  )
  await t.get('/api/2.0/mlflow/metrics/get-history-bulk', [...one, ['metric_key', 'odd']], 'bulk under /api')

  for (const place of [
    '/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval',
    '/api/2.0/mlflow/metrics/get-history-bulk-interval',
  ]) {
    const interval = (query: [string, string][], label?: string) =>
      t.get(place, [['run_ids', a], ['run_ids', b], ...query], label && `${place} ${label}`)
    await interval([['metric_key', 'loss']])
    await interval([
      ['metric_key', 'loss'],
      ['max_results', '5'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['max_results', '1'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['max_results', '2'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['start_step', '11'],
      ['end_step', '21'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['start_step', '10'],
      ['end_step', '60'],
      ['max_results', '4'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['start_step', '500'],
      ['end_step', '600'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['start_step', '21'],
      ['end_step', '11'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['start_step', '21'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['end_step', '21'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['max_results', '0'],
    ])
    await interval(
      [
        ['metric_key', 'loss'],
        ['max_results', '2500'],
      ],
      'largest',
    )
    await interval([
      ['metric_key', 'loss'],
      ['max_results', '2501'],
    ])
    await interval([
      ['metric_key', 'loss'],
      ['max_results', 'x'],
    ])
    await interval([['metric_key', 'odd']])
    await interval([['metric_key', 'nothing']])
    await interval([])
    await t.get(place, { metric_key: 'loss' })
    await t.get(place, { metric_key: 'loss', run_ids: 'nobody' })
    await t.get(
      place,
      [...Array.from({ length: 101 }, (): [string, string] => ['run_ids', a]), ['metric_key', 'loss']],
      `${place} of 101 runs`,
    )
  }
}
