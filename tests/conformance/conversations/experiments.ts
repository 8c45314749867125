import type { Conversation } from '../conversation.ts'

export const experiments: Conversation = async (t) => {
  const { experiment_id: forest } = await t.post('experiments/create', {
    name: 'forest',
    tags: [
      { key: 'team', value: 'green' },
      { key: 'mlflow.note.content', value: 'notes' },
    ],
  })
  await t.post('experiments/create', { name: 'forest' })
  await t.get('experiments/get', { experiment_id: forest })
  await t.get('experiments/get', { experiment_id: '0' })
  await t.get('experiments/get', { experiment_id: '987654' })
  await t.get('experiments/get', {})
  await t.get('experiments/get', { experiment_id: '' })
  await t.get('experiments/get-by-name', { experiment_name: 'forest' })
  await t.get('experiments/get-by-name', { experiment_name: 'nobody' })
  await t.get('experiments/get-by-name', {})
  await t.get('experiments/get-by-name', { experiment_name: 'Default' })

  await t.post('experiments/create', {})
  await t.post('experiments/create', { name: '' })
  await t.post('experiments/create', { name: null })
  await t.post('experiments/create', { name: 7 })
  await t.post('experiments/create', { name: ['a'] })
  await t.post('experiments/create', { name: { a: 1 } })
  await t.post('experiments/create', { name: 'typed', tags: 'none' })
  await t.post('experiments/create', { name: 'typed', tags: [{ key: 'a', value: 1 }] })
  await t.post('experiments/create', {
    name: 'unknown field',
    colour: 'red',
    tags: [{ key: 'a', value: 'b', more: 1 }],
  })
  await t.post('experiments/create', { name: 'no value', tags: [{ key: 'a' }] })
  await t.post('experiments/create', { name: 'no key', tags: [{ value: 'a' }] })
  await t.post('experiments/create', { name: 'bad key', tags: [{ key: 'a|b', value: 'a' }] })
  await t.post('experiments/create', { name: 'n'.repeat(500) }, 'name of 500')
  await t.post('experiments/create', { name: 'n'.repeat(501) }, 'name of 501')
  await t.post('experiments/create', { name: ' spaces around ' })
  await t.post('experiments/create', { name: 'slash/and/größe 日本 🌲' })
  await t.post(
    'experiments/create',
    { name: 'long tag', tags: [{ key: 'a', value: 'v'.repeat(20_000) }] },
    'tag of 20000',
  )
  await t.post(
    'experiments/create',
    { name: 'longer', tags: [{ key: 'a', value: 'v'.repeat(20_001) }] },
    'tag of 20001',
  )
  await t.post('experiments/create', { name: 'place', artifact_location: 'mlflow-artifacts:/elsewhere' })
  await t.get('experiments/get-by-name', { experiment_name: 'place' })
  await t.post('experiments/create', { name: 'place #', artifact_location: 's3://bucket/a#b' })
  await t.post('experiments/create', { name: 'place ?', artifact_location: 's3://bucket/a?b=../c' })
  await t.post('experiments/create', { name: 'place ..', artifact_location: 's3://bucket/../../etc' })

  await t.post('experiments/set-experiment-tag', { experiment_id: forest, key: 'stage', value: 'early' })
  await t.post('experiments/set-experiment-tag', { experiment_id: forest, key: 'stage', value: 'late' })
  await t.post('experiments/set-experiment-tag', { experiment_id: forest, key: 'empty', value: '' })
  await t.post('experiments/set-experiment-tag', { experiment_id: forest, key: 'none' })
  await t.post('experiments/set-experiment-tag', { experiment_id: forest, value: 'no key' })
  await t.post('experiments/set-experiment-tag', { experiment_id: forest, key: '', value: 'no key' })
  await t.post('experiments/set-experiment-tag', { experiment_id: '987654', key: 'a', value: 'b' })
  await t.post(
    'experiments/set-experiment-tag',
    { experiment_id: forest, key: 'k'.repeat(250), value: 'b' },
    'key of 250',
  )
  await t.post(
    'experiments/set-experiment-tag',
    { experiment_id: forest, key: 'k'.repeat(251), value: 'b' },
    'key of 251',
  )
  await t.post(
    'experiments/set-experiment-tag',
    { experiment_id: forest, key: 'v', value: 'v'.repeat(20_001) },
    'value of 20001',
  )
  await t.post('experiments/set-experiment-tag', { experiment_id: forest, key: '../up', value: 'b' })
  await t.post('experiments/delete-experiment-tag', { experiment_id: forest, key: 'k'.repeat(250) }, 'untag 250')
  await t.post('experiments/delete-experiment-tag', { experiment_id: forest, key: 'stage' })
  await t.post('experiments/delete-experiment-tag', { experiment_id: forest, key: 'stage' }, 'untag twice')
  await t.post('experiments/delete-experiment-tag', { experiment_id: forest })
  await t.get('experiments/get', { experiment_id: forest })

  await t.post('experiments/update', { experiment_id: forest, new_name: 'woods' })
  await t.post('experiments/update', { experiment_id: forest, new_name: 'place' })
  await t.post('experiments/update', { experiment_id: forest, new_name: 'woods' }, 'its own name again')
  await t.post('experiments/update', { experiment_id: forest, new_name: '' })
  await t.post('experiments/update', { experiment_id: forest })
  await t.post('experiments/update', { experiment_id: '987654', new_name: 'x' })
  await t.post('experiments/update', { experiment_id: forest, new_name: 'n'.repeat(501) }, 'rename to 501')

  const { run } = await t.post('runs/create', { experiment_id: forest, run_name: 'inside', start_time: 1 })
  await t.post('experiments/delete', { experiment_id: forest })
  await t.get('experiments/get', { experiment_id: forest }, 'one in the bin')
  await t.get('experiments/get-by-name', { experiment_name: 'woods' }, 'one in the bin by name')
  await t.get('runs/get', { run_id: run.info.run_id }, 'run of one in the bin')
  await t.post('experiments/delete', { experiment_id: forest }, 'delete twice')
  await t.post('experiments/update', { experiment_id: forest, new_name: 'gone' }, 'rename in the bin')
  await t.post('experiments/set-experiment-tag', { experiment_id: forest, key: 'a', value: 'b' }, 'tag in the bin')
  await t.post('experiments/delete-experiment-tag', { experiment_id: forest, key: 'team' }, 'untag in the bin')
  await t.post('experiments/create', { name: 'woods' }, 'name of one in the bin')
  await t.post('runs/create', { experiment_id: forest }, 'run in the bin')
  await t.post('experiments/restore', { experiment_id: forest })
  await t.post('experiments/restore', { experiment_id: forest }, 'restore twice')
  await t.get('runs/get', { run_id: run.info.run_id }, 'run of one restored')
  await t.get('experiments/get', { experiment_id: forest }, 'one restored')
  await t.post('experiments/delete', { experiment_id: '987654' })
  await t.post('experiments/delete', {})
  await t.post('experiments/restore', { experiment_id: '987654' })
  await t.post('experiments/delete', { experiment_id: 5 }, 'id as a number')
}

export const malformed: Conversation = async (t) => {
  const json = { 'content-type': 'application/json' }
  const create = 'experiments/create'
  await t.ask('POST', create, { body: '{"name": "a', headers: json })
  await t.ask('POST', create, { body: '', headers: json, label: 'empty body' })
  await t.ask('POST', create, { body: '[]', headers: json })
  await t.ask('POST', create, { body: 'null', headers: json })
  await t.ask('POST', create, { body: '7', headers: json })
  await t.ask('POST', create, { body: '"{\\"name\\": \\"encoded twice\\"}"', headers: json })
  await t.ask('POST', create, { body: '{"name": "no type"}', headers: { 'content-type': 'text/plain' } })
  await t.ask('POST', create, {
    body: '{"name": "form"}',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  await t.ask('POST', create, {
    body: '{"name": "charset"}',
    headers: { 'content-type': 'application/json; charset=utf-8' },
  })
  await t.ask('POST', create, { body: new TextEncoder().encode('{"name": "no type"}'), label: 'no content type' })
  await t.ask('POST', create, { body: '{"name": "twice", "name": "again"}', headers: json })
  await t.ask('POST', create, { body: '{"name": "\\ud800"}', headers: json })
  await t.ask('POST', create, { body: '{"name": "nul\\u0000inside"}', headers: json })
  await t.ask('POST', create, { body: '{"__proto__": {"a": 1}, "name": "proto"}', headers: json })
  await t.ask('POST', create, { body: '{"constructor": {"prototype": {}}, "name": "constructor"}', headers: json })
  await t.ask('POST', create, { body: Uint8Array.of(0xff, 0xfe, 0x00), headers: json, label: 'no UTF-8' })
  await t.ask('POST', create, { body: `${'['.repeat(5_000)}${']'.repeat(5_000)}`, headers: json, label: 'deep' })
  await t.ask('GET', create, {})
  await t.ask('PUT', create, { json: {} })
  await t.ask('POST', 'experiments/nowhere', { json: {} })
  await t.get('experiments/list')
  await t.get('/api/2.0/preview/mlflow/experiments/get', { experiment_id: '0' })
  await t.get('/api/4.0/mlflow/experiments/get', { experiment_id: '0' })
  await t.get('experiments/get', [
    ['experiment_id', '0'],
    ['experiment_id', '1'],
  ])
  await t.get('/ajax-api/2.0/mlflow/experiments/get', { experiment_id: '0' })
}

export const experimentSearch: Conversation = async (t) => {
  for (const name of ['alpha', 'beta', 'Gamma', 'delta 1', "o'neil"])
    await t.post('experiments/create', {
      name,
      tags: [
        { key: 'first letter', value: name[0] },
        { key: 'group', value: name.startsWith('o') ? 'people' : 'letters' },
        { key: 'team', value: name.length > 4 ? 'long' : 'short' },
        { key: 'mlflow.x.y', value: name },
      ],
    })
  const search = (body: object) => t.post('experiments/search', { max_results: 100, ...body })
  const only = "tags.group = 'letters'"
  await search({ filter: only, order_by: ['name'] })
  for (const filter of [
    "name = 'alpha'",
    'name = "alpha"',
    "attribute.name = 'alpha'",
    "attributes.name = 'alpha'",
    "attr.name = 'alpha'",
    "name != 'alpha' AND name LIKE '%a'",
    "name LIKE 'a%'",
    "name ILIKE 'g%'",
    "name LIKE 'g%'",
    "name like '_eta'",
    "tags.team = 'long'",
    "tag.team = 'long'",
    "tags.`first letter` = 'a'",
    'tags."first letter" = \'a\'',
    "tags.team != 'long' AND name != 'Default'",
    "tags.mlflow.x.y = 'beta'",
    "tags.`mlflow.x.y` = 'beta'",
    "tags.team IS NULL AND name = 'alpha'",
    'tags.team IS NOT NULL',
    'creation_time > 0 AND tags.team IS NOT NULL',
    'last_update_time < 0',
    "creation_time > '0'",
    'creation_time IN (1, 2)',
    'name = 7',
    'name > 7',
    "name > 'a' AND tags.group = 'letters'",
    "experiment_id = '0'",
    'metrics.a > 1',
    "params.a = '1'",
    "colour = 'red'",
    "name = 'alpha' OR name = 'beta'",
    "name = 'alpha' name = 'beta'",
    "name = 'alpha",
    'name = alpha',
    'name',
    '=',
    "name == 'alpha'",
    "NOT name = 'alpha'",
    "(name = 'alpha')",
    "name = 'o''neil'",
    'name = "o\'neil"',
    "name = 'alpha'; DROP TABLE experiments",
    "name = 'alpha' -- a comment",
    "tags.team = 'long' AND",
    "name IN ('alpha')",
    "name IN ('alpha',)",
    'name IN ()',
    "name NOT IN ('alpha', 'beta') AND name LIKE '%a'",
    "tags.team IN ('long')",
    '   ',
  ])
    await search({ filter, order_by: ['name'], view_type: 'ACTIVE_ONLY' })
  for (const order_by of [
    ['name ASC'],
    ['name DESC'],
    ['name desc', 'creation_time'],
    ['attributes.name'],
    ['experiment_id'],
    ['experiment_id DESC'],
    ['creation_time DESC'],
    ['last_update_time ASC'],
    ['tags.team'],
    ['colour'],
    ['name SIDEWAYS'],
    ['name ASC DESC'],
    [''],
    ['`name`'],
  ])
    await search({ filter: only, order_by })
  await search({ filter: only, order_by: 'name' })
  await search({ filter: only, order_by: [7] })
  await search({ filter: 7 })
  await t.post('experiments/search', {})
  await t.post('experiments/search', { filter: only, max_results: 0 })
  await t.post('experiments/search', { filter: only, max_results: -1 })
  await t.post('experiments/search', { filter: only, max_results: 50_000, order_by: ['name'] })
  await t.post('experiments/search', { filter: only, max_results: 50_001 })
  await t.post('experiments/search', { filter: only, max_results: '2', order_by: ['name'] })
  await t.post('experiments/search', { filter: only, max_results: 'two' })
  await t.post('experiments/search', { filter: only, max_results: 1.5 })
  await t.post('experiments/search', { filter: only, max_results: null, order_by: ['name'] })
  await t.post('experiments/search', { filter: only, page_token: 'no token', max_results: 1 })
  const first = await t.post('experiments/search', { filter: only, order_by: ['name'], max_results: 3 })
  const rest = { filter: only, order_by: ['name'], max_results: 3, page_token: first.next_page_token }
  await t.post('experiments/search', rest, 'second page')
  const whole = await t.post('experiments/search', { filter: only, order_by: ['name'], max_results: 4 })
  if (whole.next_page_token)
    await t.post('experiments/search', { ...rest, page_token: whole.next_page_token }, 'past the end')
  await t.get('experiments/search', { filter: "name = 'alpha'", max_results: '5' })
  await t.get('experiments/search', { max_results: '2' }, 'search by GET without filter')
  await t.get('experiments/search', [
    ['max_results', '5'],
    ['filter', only],
    ['order_by', 'name DESC'],
    ['order_by', 'creation_time'],
    ['view_type', 'ACTIVE_ONLY'],
  ])
  const { experiments } = await t.post('experiments/search', { filter: "name = 'beta'", max_results: 2 })
  await t.post('experiments/delete', { experiment_id: experiments[0].experiment_id })
  for (const view_type of ['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL', 1, 2, 3, '2', 'NOBODY', 9, null])
    await search({ filter: "name LIKE 'b%a'", view_type })
}
