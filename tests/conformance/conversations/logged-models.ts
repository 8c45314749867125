import type { Conversation } from '../conversation.ts'

export const loggedModels: Conversation = async (t) => {
  const { experiment_id } = await t.post('experiments/create', { name: 'logged models' })
  const { run } = await t.post('runs/create', { experiment_id, run_name: 'maker', start_time: 1 })
  const run_id = run.info.run_id
  const create = (body: object, label?: string) => t.post('logged-models', { experiment_id, ...body }, label)
  const ids: Record<string, string> = {}
  for (const [name, type] of [
    ['apple', 'agent'],
    ['banana', 'sklearn'],
    ['Cherry', ''],
  ] as const) {
    const { model } = await create({
      ...{ name, model_type: type, source_run_id: run_id },
      params: [{ key: 'depth', value: String(name.length) }],
      tags: [{ key: 'team', value: name === 'apple' ? 'green' : 'red' }],
    })
    ids[name] = model.info.model_id
  }
  await create({}, 'model without a name')
  await create({ name: '' }, 'model with an empty name')
  await create({ name: 'a/b' })
  await create({ name: 'a:b' })
  await create({ name: 'a%b' })
  await create({ name: "a'b" })
  await create({ name: 'a.b' })
  await create({ name: 'n'.repeat(500) }, 'model name of 500')
  await create({ name: 'n'.repeat(501) }, 'model name of 501')
  await create({ name: 7 })
  await create({ name: 'run', source_run_id: 'nobody' })
  await create({ name: 'p', params: [{ key: 'k'.repeat(251), value: 'v' }] }, 'model param key of 251')
  await create({ name: 'p', params: [{ key: 'k', value: 'v'.repeat(6_001) }] }, 'model param of 6001')
  await create(
    {
      name: 'p',
      params: [
        { key: 'k', value: 'a' },
        { key: 'k', value: 'b' },
      ],
    },
    'model param twice',
  )
  await create({ name: 't', tags: [{ key: 'k', value: 'v'.repeat(8_001) }] }, 'model tag of 8001')
  await create({ name: 't', tags: [{ key: 'a|b', value: 'v' }] })
  await create({ name: 't', params: 'x' })
  await t.post('logged-models', {})
  await t.post('logged-models', { experiment_id: '987654', name: 'x' })
  const apple = ids.apple!
  const one = (id: string, rest = '') => `logged-models/${id}${rest}`
  const at = (label: string) => ({ label })
  await t.ask('GET', one(apple), at('get model'))
  await t.ask('GET', one('m-nobody'), at('get nobody'))
  await t.ask('PATCH', one(apple), { json: { status: 'LOGGED_MODEL_READY' }, label: 'finalize' })
  await t.ask('PATCH', one(apple), {
    json: { model_id: apple, status: 'LOGGED_MODEL_READY' },
    label: 'finalize with id',
  })
  await t.ask('PATCH', one(apple), { json: { model_id: apple, status: 2 }, label: 'finalize by number' })
  await t.ask('PATCH', one(apple), {
    json: { model_id: apple, status: 'LOGGED_MODEL_UPLOAD_FAILED' },
    label: 'finalize as failed',
  })
  await t.ask('PATCH', one(apple), {
    json: { model_id: apple, status: 'LOGGED_MODEL_PENDING' },
    label: 'finalize as pending',
  })
  await t.ask('PATCH', one(apple), { json: { model_id: apple, status: 'WHATEVER' }, label: 'finalize as whatever' })
  await t.ask('PATCH', one(apple), { json: { model_id: apple }, label: 'finalize as nothing' })
  await t.ask('PATCH', one('m-nobody'), {
    json: { model_id: 'm-nobody', status: 'LOGGED_MODEL_READY' },
    label: 'finalize nobody',
  })
  await t.ask('POST', one(apple, '/params'), {
    json: { model_id: apple, params: [{ key: 'added', value: '1' }] },
    label: 'params',
  })
  await t.ask('POST', one(apple, '/params'), {
    json: { params: [{ key: 'added2', value: '1' }] },
    label: 'params without id',
  })
  await t.ask('POST', one(apple, '/params'), {
    json: { model_id: apple, params: [{ key: 'added', value: '2' }] },
    label: 'params again',
  })
  await t.ask('POST', one('m-nobody', '/params'), {
    json: { model_id: 'm-nobody', params: [] },
    label: 'params of nobody',
  })
  await t.ask('PATCH', one(apple, '/tags'), {
    json: {
      tags: [
        { key: 'team', value: 'blue' },
        { key: 'more', value: '1' },
      ],
    },
    label: 'tags',
  })
  await t.ask('PATCH', one(apple, '/tags'), { json: { tags: [] }, label: 'no tags' })
  await t.ask('PATCH', one(apple, '/tags'), { json: { tags: 'x' }, label: 'tags of a wrong type' })
  await t.ask('PATCH', one(apple, '/tags'), {
    json: { tags: [{ key: 'a|b', value: 'x' }] },
    label: 'tag of a bad name',
  })
  await t.ask('PATCH', one('m-nobody', '/tags'), { json: { tags: [] }, label: 'tags of nobody' })
  await t.ask('DELETE', one(apple, '/tags/more'), at('untag'))
  await t.ask('DELETE', one(apple, '/tags/more'), at('untag twice'))
  await t.ask('GET', one(apple), at('get changed model'))
  await t.post('runs/outputs', { run_id, models: [{ model_id: apple, step: 3 }] })
  await t.post('runs/outputs', { run_id, models: [{ model_id: ids.banana }] })
  await t.post('runs/outputs', { run_id, models: [{ model_id: apple, step: 4 }] }, 'output again')
  await t.post('runs/outputs', { run_id, models: [{ model_id: 'm-nobody' }] }, 'output of nobody')
  await t.post('runs/outputs', { run_id, models: [] }, 'no outputs')
  await t.post('runs/outputs', { run_id }, 'outputs without models')
  await t.post('runs/outputs', { run_id: 'nobody', models: [{ model_id: apple }] }, 'outputs of nobody')
  await t.post('runs/log-inputs', { run_id, models: [{ model_id: ids.banana }] }, 'model as input')
  await t.post('runs/log-inputs', { run_id, models: [{ model_id: ids.banana }] }, 'model as input twice')
  await t.get('runs/get', { run_id }, 'run with models')
  for (const [name, value] of [
    ['apple', 0.9],
    ['banana', 0.5],
  ] as const)
    await t.post(
      'runs/log-metric',
      { run_id, key: 'auc', value, timestamp: 1, model_id: ids[name], dataset_name: 'held out', dataset_digest: 'd1' },
      `auc of ${name}`,
    )
  await t.post(
    'runs/log-metric',
    {
      run_id,
      key: 'auc',
      value: 0.7,
      timestamp: 1,
      step: 1,
      model_id: ids.apple,
      dataset_name: 'other',
      dataset_digest: 'd2',
    },
    'auc elsewhere',
  )
  await t.post('runs/log-metric', { run_id, key: 'speed', value: 3, timestamp: 1, model_id: ids.Cherry }, 'speed')
  await t.post(
    'runs/log-metric',
    { run_id, key: 'auc', value: 0.7, timestamp: 1, model_id: 'm-nobody' },
    'auc of nobody',
  )
  await t.ask('GET', one(apple), at('get measured model'))

  const { experiment_id: shelf } = await t.post('experiments/create', { name: 'shelf' })
  const other = await t.post('runs/create', { experiment_id: shelf, run_name: 'shelver', start_time: 1 })
  const shelved: Record<string, string> = {}
  for (const [name, type, depth, auc] of [
    ['ant', 'x', '3', 0.1],
    ['bee', 'y', '6', 0.9],
    ['Cat', 'x', undefined, undefined],
    ['dog', '', '10', 0.5],
  ] as const) {
    const { model } = await t.post('logged-models', {
      ...{ experiment_id: shelf, name, model_type: type, source_run_id: other.run.info.run_id },
      params: depth
        ? [
            { key: 'depth', value: depth },
            { key: 'my depth', value: depth },
          ]
        : [],
      tags: depth
        ? [
            { key: 'legs', value: name },
            { key: 'mlflow.note', value: 'n' },
          ]
        : [],
    })
    shelved[name] = model.info.model_id
    if (auc !== undefined) {
      const about = { run_id: other.run.info.run_id, timestamp: 1, model_id: model.info.model_id }
      await t.post(
        'runs/log-metric',
        { ...about, key: 'auc', value: auc, dataset_name: 'test', dataset_digest: 'd' },
        `auc of ${name}`,
      )
      await t.post(
        'runs/log-metric',
        { ...about, key: 'auc', value: 1 - auc, step: 1, dataset_name: 'train', dataset_digest: 'e' },
        `training auc of ${name}`,
      )
      await t.post('runs/log-metric', { ...about, key: 'my auc', value: auc }, `my auc of ${name}`)
    }
    if (name !== 'dog')
      await t.ask('PATCH', one(model.info.model_id), {
        json: { model_id: model.info.model_id, status: 2 },
        label: `ready ${name}`,
      })
    // Models of the same millisecond are in no order that two servers would share.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const search = (body: object, label?: string) =>
    t.post('logged-models/search', { experiment_ids: [shelf], ...body }, label)
  const byName = [{ field_name: 'name' }]
  await search({})
  for (const filter of [
    ...[
      "name = 'ant'",
      "name != 'ant'",
      "name LIKE 'a%'",
      "name ILIKE 'c%'",
      "name IN ('ant', 'bee')",
      "name NOT IN ('ant')",
      "attributes.name = 'ant'",
      "attribute.name = 'bee'",
      "model_type = 'x'",
      "model_type != 'x'",
      "status = 'READY'",
      "status = 'PENDING'",
      "status != 'READY'",
      "status = 'LOGGED_MODEL_READY'",
      "source_run_id = 'nobody'",
      "model_id = 'nobody'",
      "experiment_id = '1'",
    ],
    ...[
      'creation_timestamp > 0',
      'creation_timestamp_ms > 0',
      'creation_time > 0',
      'last_updated_timestamp > 0',
      'last_updated_timestamp_ms >= 0',
      "creation_timestamp > 'x'",
      "name > 'a'",
      'name = ant',
      "colour = 'red'",
      "artifact_location LIKE 'm%'",
      "lifecycle_stage = 'active'",
    ],
    ...[
      "params.depth = '6'",
      "params.depth != '6'",
      "params.depth LIKE '1%'",
      "params.`my depth` = '3'",
      'params.depth = 6',
      'params.depth IS NULL',
      'params.depth IS NOT NULL',
      "params.depth IN ('3')",
    ],
    ...[
      "tags.legs = 'bee'",
      "tags.legs != 'bee'",
      "tags.legs LIKE '%o%'",
      "tags.`mlflow.note` = 'n'",
      "tags.mlflow.note = 'n'",
      'tags.legs IS NULL',
      'tags.legs IS NOT NULL',
      "tags.legs IN ('bee')",
    ],
    ...[
      'metrics.auc > 0.4',
      'metrics.auc = 0.9',
      'metrics.auc != 0.9',
      'metrics.`my auc` < 0.6',
      "metrics.auc > 'x'",
      'metrics.nothing > 1',
      'metrics.auc IS NULL',
    ],
    ...[
      "name = 'ant' AND params.depth = '3'",
      "name = 'ant' OR name = 'bee'",
      "name = 'ant",
      'name',
      "name = 'ant'; DROP TABLE x",
      "(name = 'ant')",
      "datasets.name = 'test'",
      '   ',
    ],
  ])
    await search({ filter, order_by: byName })
  await search({ filter: `source_run_id = '${other.run.info.run_id}'`, order_by: byName }, 'models by run')
  await search({ filter: `model_id = '${shelved.ant}'` }, 'models by id')
  await search({ filter: `model_id IN ('${shelved.ant}', '${shelved.bee}')`, order_by: byName }, 'models by ids')
  for (const datasets of [
    [{ dataset_name: 'test' }],
    [{ dataset_name: 'test', dataset_digest: 'd' }],
    [{ dataset_name: 'test', dataset_digest: 'z' }],
    [{ dataset_name: 'train' }],
    [{ dataset_name: 'train' }, { dataset_name: 'test' }],
    [{ dataset_name: '' }],
    [{}],
    'x',
  ])
    for (const filter of ['metrics.auc > 0.4', undefined]) await search({ datasets, filter, order_by: byName })
  for (const order_by of [
    ...[
      [{ field_name: 'name', ascending: true }],
      [{ field_name: 'name', ascending: false }],
      [{ field_name: 'name' }],
      [{ field_name: 'attributes.name' }],
      [{ field_name: 'creation_timestamp' }],
      [{ field_name: 'creation_timestamp_ms', ascending: false }],
      [{ field_name: 'creation_time' }],
      [{ field_name: 'last_updated_timestamp', ascending: false }],
      [{ field_name: 'model_type' }, { field_name: 'name', ascending: false }],
      [{ field_name: 'status' }, { field_name: 'name' }],
      [{ field_name: 'source_run_id' }],
      [{ field_name: 'name' }, { field_name: 'model_id' }],
    ],
    ...[
      [{ field_name: 'metrics.auc' }],
      [{ field_name: 'metrics.auc', ascending: false }],
      [{ field_name: 'metrics.auc', dataset_name: 'test' }],
      [{ field_name: 'metrics.auc', dataset_name: 'train', dataset_digest: 'e', ascending: false }],
      [{ field_name: 'metrics.`my auc`', ascending: false }],
      [{ field_name: 'metrics.nothing' }],
      [{ field_name: 'name', dataset_name: 'test' }],
      [{ field_name: 'metrics.auc', dataset_digest: 'e' }],
    ],
    ...[
      [{ field_name: 'params.depth' }],
      [{ field_name: 'tags.legs' }],
      [{ field_name: 'colour' }],
      [{ field_name: '' }],
      [{}],
      [{ field_name: 7 }],
      ['name'],
      'name',
    ],
  ])
    await search({ order_by })
  for (const max_results of [0, -1, 1, 50, 51, 100, 1_000, 1_001, 'x', null])
    await search({ max_results, order_by: byName })
  const first = await search({ max_results: 3, order_by: byName }, 'first page of models')
  await search({ max_results: 3, order_by: byName, page_token: first.next_page_token }, 'second page of models')
  await search({ max_results: 4, order_by: byName }, 'page of exactly all models')
  await search({ page_token: 'no token' })
  await search(
    { page_token: first.next_page_token, order_by: [{ field_name: 'name', ascending: false }] },
    'token of another search',
  )
  await t.post('logged-models/search', {})
  await t.post('logged-models/search', { experiment_ids: [] })
  await t.post('logged-models/search', { experiment_ids: 'x' })
  await t.post('logged-models/search', { experiment_ids: ['987654'] })

  const root = `${shelf}/models/${shelved.ant}/artifacts`
  const place = (path: string) => `/api/2.0/mlflow-artifacts/artifacts/${root}/${path}`
  await t.ask('PUT', place('MLmodel'), { body: 'flavors: {}', label: 'PUT MLmodel' })
  await t.ask('PUT', place('data/weights.bin'), { body: 'w', label: 'PUT weights' })
  const folder = (query: Record<string, string>) =>
    t.ask('GET', one(shelved.ant!, '/artifacts/directories'), { query, label: `directories ${JSON.stringify(query)}` })
  await folder({})
  for (const artifact_directory_path of ['data', '', 'nowhere', '..', 'MLmodel', '/etc'])
    await folder({ artifact_directory_path })
  await t.ask('GET', one('m-nobody', '/artifacts/directories'), at('directories of nobody'))
  const file = (query: Record<string, string>, id = shelved.ant!) =>
    t.ask('GET', `/ajax-api/2.0/mlflow/logged-models/${id}/artifacts/files`, {
      query,
      label: `file ${JSON.stringify(query)} ${id === 'm-nobody'}`,
    })
  await file({ artifact_file_path: 'MLmodel' })
  await file({ artifact_file_path: 'data/weights.bin' })
  await file({ artifact_file_path: '../x' })
  await file({ artifact_file_path: 'nowhere' })
  await file({})
  await file({ artifact_file_path: 'MLmodel' }, 'm-nobody')

  await t.ask('DELETE', one(apple), at('delete model'))
  await t.ask('DELETE', one(apple), at('delete model twice'))
  await t.ask('GET', one(apple), at('get deleted'))
  await t.ask('GET', one(apple), { query: { allow_deleted: 'true' }, label: 'get deleted, allowed' })
  await t.ask('DELETE', one('m-nobody'), at('delete nobody'))
  await t.ask('PATCH', one(apple), { json: { model_id: apple, status: 2 }, label: 'finalize deleted' })
  await t.ask('PATCH', one(apple, '/tags'), { json: { tags: [{ key: 'a', value: 'b' }] }, label: 'tag deleted' })
  await t.ask('DELETE', one(apple, '/tags/team'), at('untag deleted'))
  await t.post('logged-models/search', { experiment_ids: [experiment_id], filter: "name IN ('apple', 'banana')" })
  const model_json = JSON.stringify({
    artifact_path: 'model',
    flavors: { python_function: {} },
    utc_time_created: '2026-01-01 00:00:00',
    run_id,
  })
  await t.post('runs/log-model', { run_id, model_json }, 'old log-model')
  await t.post('runs/log-model', { run_id, model_json }, 'old log-model again')
  await t.get('runs/get', { run_id }, 'run with a model of old')
  await t.post('runs/log-model', { run_id, model_json: '{' })
  await t.post('runs/log-model', { run_id, model_json: '{}' })
  await t.post('runs/log-model', { run_id })
  await t.post('runs/log-model', { run_id: 'nobody', model_json }, 'old log-model of nobody')
}
