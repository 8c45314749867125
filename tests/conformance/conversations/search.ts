import type { Conversation } from '../conversation.ts'

export const runSearch: Conversation = async (t) => {
  const { experiment_id } = await t.post('experiments/create', { name: 'search' })
  const { experiment_id: empty } = await t.post('experiments/create', { name: 'search: empty' })
  const made: Record<string, string> = {}
  const shapes = [
    { name: 'one', loss: 0.1, depth: '3', team: 'green', status: 'FINISHED', start: 1_000 },
    { name: 'two', loss: 0.2, depth: '6', team: 'green', status: 'FAILED', start: 2_000 },
    { name: 'three', loss: 'NaN', depth: '10', team: 'Blue', status: 'RUNNING', start: 3_000 },
    { name: 'Four', loss: 'Infinity', depth: 'six', team: undefined, status: 'KILLED', start: 4_000 },
    { name: 'five', loss: undefined, depth: undefined, team: "o'neil", status: 'FINISHED', start: 5_000 },
  ]
  for (const { name, loss, depth, team, status, start } of shapes) {
    const { run } = await t.post('runs/create', {
      experiment_id,
      run_name: name,
      start_time: start,
      user_id: name[0],
      tags: [{ key: 'mlflow.user', value: name[0] }],
    })
    const { run_id } = run.info
    made[name] = run_id
    await t.post('runs/log-batch', {
      run_id,
      metrics:
        loss === undefined
          ? []
          : [
              { key: 'loss', value: loss, timestamp: 1, step: 1 },
              { key: 'val/my loss', value: 2, timestamp: 1, step: 1 },
              { key: 'a.b.c', value: 3, timestamp: 1, step: 1 },
            ],
      params:
        depth === undefined
          ? []
          : [
              { key: 'depth', value: depth },
              { key: 'my depth', value: depth },
            ],
      tags:
        team === undefined
          ? []
          : [
              { key: 'team', value: team },
              { key: 'mlflow.note', value: `note of ${name}` },
              { key: 'my.dotted.tag', value: name },
            ],
    })
    await t.post('runs/update', { run_id, status, ...(status !== 'RUNNING' && { end_time: start + 500 }) })
  }
  await t.post('runs/log-inputs', {
    run_id: made.one,
    datasets: [
      {
        tags: [{ key: 'mlflow.data.context', value: 'train' }],
        dataset: { name: 'iris', digest: 'd1', source_type: 'local', source: '{}' },
      },
      {
        tags: [{ key: 'mlflow.data.context', value: 'eval' }],
        dataset: { name: 'wine', digest: 'd2', source_type: 'local', source: '{}' },
      },
    ],
  })
  await t.post('runs/log-inputs', {
    run_id: made.two,
    datasets: [
      {
        tags: [{ key: 'mlflow.data.context', value: 'train' }],
        dataset: { name: 'iris', digest: 'd1', source_type: 'local', source: '{}' },
      },
    ],
  })
  await t.post('runs/log-inputs', {
    run_id: made.three,
    datasets: [{ dataset: { name: 'IRIS', digest: 'd3', source_type: 'local', source: '{}' } }],
  })
  await t.post('runs/set-tag', { run_id: made.two, key: 'mlflow.parentRunId', value: made.one })
  const search = (body: object, label?: string) =>
    t.post('runs/search', { experiment_ids: [experiment_id], max_results: 100, ...body }, label)
  await search({})
  for (const filter of [
    ...[
      'metrics.loss > 0.1',
      'metrics.loss >= 0.1',
      'metrics.loss < 0.2',
      'metrics.loss <= 0.2',
      'metrics.loss = 0.1',
      'metrics.loss != 0.1',
    ],
    ...[
      'metric.loss > 0',
      'metrics.loss > 1e300',
      'metrics.loss > -1',
      'metrics.loss > +1',
      'metrics.loss > .05',
      'metrics.loss > 1e-1',
      'metrics.loss <> 0.1',
      'metrics.loss == 0.1',
    ],
    ...[
      "metrics.loss > '0.1'",
      'metrics.loss > abc',
      'metrics.loss > NaN',
      'metrics.loss IS NULL',
      'metrics.loss IN (0.1)',
      "metrics.loss LIKE '0%'",
    ],
    ...[
      'metrics.`val/my loss` = 2',
      'metrics."val/my loss" = 2',
      'metrics.val/my loss = 2',
      'metrics.a.b.c = 3',
      'metrics.`a.b.c` = 3',
      '`metrics`.loss > 0',
      'metrics.`loss` > 0',
      'metrics . loss > 0',
      "metrics.'loss' > 0",
    ],
    ...[
      'metrics.loss>0.1',
      'metrics.loss>0.1 and metrics.loss<0.3',
      "metrics.loss > 0.05 AND metrics.loss < 0.3 AND params.depth = '3'",
      'metrics.loss > 0.1 OR metrics.loss < 0.05',
    ],
    ...[
      "params.depth = '6'",
      'params.depth = "6"',
      'params.depth = 6',
      'params.depth = six',
      'params.depth = `six`',
      "params.depth != '6'",
      "params.depth > '6'",
      "params.depth LIKE '%i%'",
      "params.depth ILIKE 'S%'",
      "params.depth LIKE 'S%'",
      "params.depth like '1_'",
      "params.`my depth` = '3'",
      'params."my depth" = \'3\'',
      "param.depth = '3'",
      "parameter.depth = '3'",
      "parameters.depth = '3'",
    ],
    ...[
      'params.depth IS NULL',
      'params.depth IS NOT NULL',
      'params.depth is not null',
      'params.nothing IS NULL',
      "params.depth IN ('3', '6')",
      "params.depth NOT IN ('3')",
      "params.nothing != 'x'",
    ],
    ...[
      "tags.team = 'green'",
      "tag.team = 'green'",
      "tags.team != 'green'",
      "tags.team LIKE 'gr%'",
      "tags.team ILIKE 'b%'",
      'tags.team IS NULL',
      'tags.team IS NOT NULL',
      "tags.team IN ('green')",
      "tags.mlflow.note = 'note of one'",
      "tags.`mlflow.note` LIKE '%two'",
      "tags.my.dotted.tag = 'one'",
      `tags.team = "o'neil"`,
      "tags.team = 'o''neil'",
      "tags.team = ''",
      'tags.team = 5',
    ],
    ...[
      "tags.mlflow.runName = 'one'",
      "tags.`mlflow.runName` != 'one'",
      "tags.mlflow.user = 'o'",
      'tags.mlflow.parentRunId IS NULL',
      'tags.mlflow.parentRunId IS NOT NULL',
    ],
    ...[
      "status = 'FINISHED'",
      "attributes.status = 'FINISHED'",
      "attribute.status != 'FINISHED'",
      "attr.status LIKE 'F%'",
      "run.status = 'RUNNING'",
      "status = 'finished'",
      "status ILIKE 'fin%'",
      "status IN ('FINISHED', 'FAILED')",
      "status = 'NOTHING'",
      'status IS NULL',
      "status > 'F'",
    ],
    ...[
      "run_name = 'one'",
      "attributes.run_name LIKE '%o%'",
      "`run name` = 'one'",
      "attributes.`run name` = 'one'",
      "attributes.`Run name` ILIKE 'f%'",
      '"Run Name" = \'two\'',
      "run_name IN ('one', 'two')",
      "attributes.name = 'one'",
    ],
    ...[
      'start_time > 2000',
      'attributes.start_time <= 2000',
      'created > 2000',
      'attributes.Created = 3000',
      'start_time > 2000.5',
      "start_time > '2000'",
      'start_time != 1000',
      'end_time > 0',
      'end_time < 2000',
      'attributes.end_time >= 5500',
      'start_time LIKE 2',
      'start_time IN (1000)',
      'start_time IS NULL',
      'start_time > -1',
    ],
    ...[
      "user_id = 'o'",
      "attributes.user_id != 'o'",
      "attributes.user_id IN ('o','t')",
      "artifact_uri = 'x'",
      "attributes.artifact_uri LIKE 'mlflow-artifacts:/%'",
      "attributes.lifecycle_stage = 'active'",
      "experiment_id = '0'",
      "attributes.colour = 'x'",
      'end_time IS NOT NULL',
    ],
    ...[
      "datasets.name = 'iris'",
      "dataset.name = 'iris'",
      "datasets.name != 'iris'",
      "datasets.name LIKE 'i%'",
      "datasets.name ILIKE 'i%'",
      "datasets.digest = 'd2'",
      "datasets.context = 'train'",
      "dataset.context = 'eval'",
      "datasets.name IN ('iris', 'wine')",
      "datasets.name NOT IN ('iris')",
      "datasets.digest IN ('d1')",
      "datasets.context IN ('eval')",
      "datasets.colour = 'x'",
      'datasets.name = iris',
      "datasets.name > 'a'",
      'datasets.name IS NULL',
      "datasets.name = 'iris' AND dataset.context = 'eval'",
      "datasets.name = 'iris' AND datasets.digest = 'd2'",
      "datasets.context != 'train'",
    ],
    ...[
      "tags.team = 'green",
      'tags.team = green',
      "tags.team 'green'",
      'tags.team',
      '= 5',
      'AND',
      "tags.team = 'green' AND",
      "AND tags.team = 'green'",
      "tags.team = 'green' tags.team = 'green'",
      "(tags.team = 'green')",
      "NOT tags.team = 'green'",
      "tags.team = 'green'; DROP TABLE runs;",
      "tags.team = 'green' -- x",
      "tags.team = 'green' /* x */",
      "' OR '1'='1",
      "tags.team = '' OR 1=1",
      'x.y = 1',
      'metrics. = 1',
      'metrics.`` = 1',
      "tags.team BETWEEN 'a' AND 'b'",
      "tags.team RLIKE 'g'",
      "tags.team not like 'g%'",
      'SELECT * FROM runs',
      '1 = 1',
      "'a' = 'a'",
      '\u0000',
      '🌲',
      'metrics.loss > 0.1 AND AND metrics.loss < 1',
      '   ',
      "tags.team = 'green' and  \n params.depth = '3'",
      "tags.team='green' AND params.depth='3'",
      "tags.team = 'green'AND params.depth = '3'",
    ],
  ])
    await search({ filter, order_by: ['start_time'] })
  await search({ filter: `attributes.run_id = '${made.one}'` }, 'by run id')
  await search({ filter: `attributes.run_id IN ('${made.one}', '${made.two}')` }, 'by run ids')
  await search({ filter: `run_id NOT IN ('${made.one}', '${made.two}')` }, 'not by run ids')
  await search({ filter: `run_id IN ('${made.one}')` }, 'by one run id')
  await search({ filter: `run_id IN ("${made.one}")` }, 'by run id in double quotes')
  await search({ filter: `run_id LIKE '${made.one}%'` }, 'by like of run id')
  await search({ filter: `run_id != '${made.one}'` }, 'by other run id')
  await search({ filter: 'run_id IN ()' })
  await search({ filter: 'run_id IN (1, 2)' })
  await search({ filter: `tags.mlflow.parentRunId = '${made.one}'` }, 'by parent')
  await search({ filter: `tags.\`mlflow.parentRunId\` != '${made.one}'` }, 'by other parent')
  for (const order_by of [
    ...[
      ['metrics.loss'],
      ['metrics.loss ASC'],
      ['metrics.loss DESC'],
      ['metric.`val/my loss` desc'],
      ['metrics.nothing'],
      ['params.depth'],
      ['params.depth DESC'],
      ['params."my depth"'],
      ['tags.team'],
      ['tags.team DESC'],
    ],
    ...[
      ['start_time'],
      ['start_time DESC'],
      ['attributes.start_time ASC'],
      ['created DESC'],
      ['Created'],
      ['end_time'],
      ['end_time DESC'],
      ['run_name'],
      ['attributes.run_name DESC'],
      ['`run name` DESC'],
      ['status'],
      ['status DESC', 'start_time ASC'],
      ['user_id'],
      ['artifact_uri'],
      ['experiment_id'],
      ['attributes.colour'],
    ],
    ...[
      ['metrics.loss SIDEWAYS'],
      ['metrics.loss DESC ASC'],
      [''],
      ['colour'],
      ['x.y'],
      ['datasets.name'],
      ['tags.mlflow.runName'],
      ['tags.`mlflow.runName` DESC'],
      ['tags.mlflow.user'],
      ['metrics.loss, params.depth'],
      ['metrics.loss; DROP TABLE runs'],
      ["metrics.'loss'"],
      ['metrics.loss NULLS FIRST'],
      ['start_time', 'start_time DESC'],
      ['metrics.loss', 'params.depth DESC', 'start_time'],
    ],
  ])
    await search({ order_by })
  await search({ order_by: 'start_time' })
  await search({ order_by: [5] })
  await search({ order_by: null })
  await search({ filter: 5 })
  await search({ filter: null })
  await search({ experiment_ids: 'x' })
  await search({ experiment_ids: [5, null] })
  await search({ experiment_ids: [] })
  await search({ experiment_ids: ['987654'] })
  await search({ experiment_ids: [empty] })
  await search({ experiment_ids: ['words'] })
  await search({ experiment_ids: [experiment_id, empty], filter: "run_name = 'one'" }, 'two experiments')
  await t.post('runs/search', {})
  for (const max_results of [0, -1, 50_000, 50_001, '2', 'two', null, 1.5])
    await search({ max_results, order_by: ['start_time'] })
  const first = await search({ max_results: 2, order_by: ['start_time'] }, 'first page')
  const second = await search(
    { max_results: 2, order_by: ['start_time'], page_token: first.next_page_token },
    'second page',
  )
  await search({ max_results: 2, order_by: ['start_time'], page_token: second.next_page_token }, 'third page')
  await search({ max_results: 5, order_by: ['start_time'] }, 'page of exactly all')
  await search({ page_token: 'no token' })
  await search({ page_token: '' })
  await t.post('runs/delete', { run_id: made.two })
  for (const run_view_type of ['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL', 1, 2, 3, '2', 'NOBODY', 9, null])
    await search({ run_view_type, order_by: ['start_time'] })
  await search({ run_view_type: 'ALL', filter: "attributes.lifecycle_stage = 'deleted'" })
}

export const datasets: Conversation = async (t) => {
  const { experiment_id } = await t.post('experiments/create', { name: 'datasets' })
  const { run } = await t.post('runs/create', { experiment_id, run_name: 'inputs', start_time: 1 })
  const run_id = run.info.run_id
  const dataset = (more: object) => ({ name: 'iris', digest: 'd1', source_type: 'local', source: '{}', ...more })
  const log = (datasets: unknown, label?: string) => t.post('runs/log-inputs', { run_id, datasets }, label)
  await log([
    { tags: [{ key: 'mlflow.data.context', value: 'train' }], dataset: dataset({ schema: '{}', profile: '{}' }) },
  ])
  await t.get('runs/get', { run_id }, 'one dataset')
  await log([{ tags: [{ key: 'other', value: 'x' }], dataset: dataset({}) }])
  await t.get('runs/get', { run_id }, 'the same dataset again')
  await log([{ dataset: dataset({ name: 'wine' }) }])
  await log([{ dataset: dataset({ digest: 'd2', schema: 's' }) }])
  await log([])
  await log('none')
  await log([{}])
  await log([{ dataset: {} }])
  await log([{ dataset: dataset({ name: '' }) }])
  await log([{ dataset: dataset({ name: undefined }) }])
  await log([{ dataset: dataset({ digest: undefined }) }])
  await log([{ dataset: dataset({ source_type: undefined }) }])
  await log([{ dataset: dataset({ source: undefined }) }])
  await log([{ dataset: dataset({ name: 'n'.repeat(500) }) }], 'dataset name of 500')
  await log([{ dataset: dataset({ name: 'n'.repeat(501) }) }], 'dataset name of 501')
  await log([{ dataset: dataset({ digest: 'd'.repeat(36) }) }], 'digest of 36')
  await log([{ dataset: dataset({ digest: 'd'.repeat(37) }) }], 'digest of 37')
  await log(
    [{ tags: [{ key: 'k'.repeat(255), value: 'v'.repeat(500) }], dataset: dataset({ name: 'tagged' }) }],
    'input tag at its limit',
  )
  await log(
    [{ tags: [{ key: 'k'.repeat(256), value: 'v' }], dataset: dataset({ name: 'tagged2' }) }],
    'input tag key of 256',
  )
  await log(
    [{ tags: [{ key: 'k', value: 'v'.repeat(501) }], dataset: dataset({ name: 'tagged3' }) }],
    'input tag value of 501',
  )
  await log([{ tags: [{ key: 'k' }], dataset: dataset({ name: 'tagged4' }) }])
  await log(
    Array.from({ length: 1_000 }, (_, i) => ({ dataset: dataset({ name: `many ${i % 3}`, digest: `m${i % 3}` }) })),
    '1000 datasets',
  )
  await log(
    Array.from({ length: 1_001 }, (_, i) => ({ dataset: dataset({ name: `more ${i}` }) })),
    '1001 datasets',
  )
  await t.post('runs/log-inputs', { run_id })
  await t.post('runs/log-inputs', {})
  await t.post('runs/log-inputs', { run_id: 'nobody', datasets: [] })
  for (const place of [
    '/ajax-api/2.0/mlflow/experiments/search-datasets',
    '/api/2.0/mlflow/experiments/search-datasets',
  ]) {
    await t.post(place, {})
    await t.post(place, { experiment_ids: [] })
    await t.post(place, { experiment_ids: 'x' })
    await t.post(place, { experiment_ids: ['987654'] })
    await t.post(place, { experiment_ids: Array.from({ length: 21 }, () => experiment_id) }, `${place} of 21`)
    await t.get(place, { experiment_ids: experiment_id })
  }
  const { experiment_id: few } = await t.post('experiments/create', { name: 'few datasets' })
  const one = await t.post('runs/create', { experiment_id: few, run_name: 'few', start_time: 1 })
  await t.post('runs/log-inputs', {
    run_id: one.run.info.run_id,
    datasets: [{ tags: [{ key: 'mlflow.data.context', value: 'train' }], dataset: dataset({}) }],
  })
  await t.post('/ajax-api/2.0/mlflow/experiments/search-datasets', { experiment_ids: [few] })
  await t.post('runs/delete', { run_id })
  await t.post('runs/log-inputs', { run_id, datasets: [] }, 'inputs in the bin')
}
