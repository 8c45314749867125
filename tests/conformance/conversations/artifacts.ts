import type { Conversation } from '../conversation.ts'

const STORE = '/api/2.0/mlflow-artifacts/artifacts'

export const artifacts: Conversation = async (t) => {
  const { experiment_id } = await t.post('experiments/create', { name: 'artifacts' })
  const { run } = await t.post('runs/create', { experiment_id, run_name: 'files', start_time: 1 })
  const run_id = run.info.run_id
  const root = `${experiment_id}/${run_id}/artifacts`
  const put = (path: string, body: string, label = `PUT ${path}`) =>
    t.ask('PUT', `${STORE}/${root}/${path}`, { body, label, headers: { 'content-type': 'application/octet-stream' } })
  const fetchFile = (path: string, label = `GET ${path}`) => t.ask('GET', `${STORE}/${root}/${path}`, { label })
  const list = (path?: string) => t.get('artifacts/list', { run_id, ...(path !== undefined && { path }) })
  const listStore = (path?: string, label?: string) =>
    t.get(STORE, path === undefined ? {} : { path }, label ?? `store ${path?.slice(root.length)}`)
  await list()
  await listStore(root)
  await put('a.txt', 'hello')
  await put('empty', '')
  await put('deep/er/b.json', '{"a":1}')
  await put('deep/c.html', '<b>c</b>')
  await put('größe 日本.txt', 'ü')
  await put('per%2525cent.txt', 'x')
  await put('a.txt', 'again')
  await list()
  await list('deep')
  await list('deep/er')
  await list('a.txt')
  await list('nowhere')
  await list('')
  for (const path of [
    '..',
    '../..',
    'deep/..',
    'deep/../..',
    '/etc',
    'C:/windows',
    'deep/./er',
    '%2e%2e',
    'deep%2f..',
    'file:///etc',
    'a\\..\\b',
    '\u0000',
    'deep/',
    'a#b',
    'a?b',
  ])
    await list(path)
  await t.get('artifacts/list', { path: 'deep' })
  await t.get('artifacts/list', { run_id: 'nobody' })
  await t.get('artifacts/list', { run_uuid: run_id })
  await listStore(root)
  await listStore(`${root}/deep`)
  await listStore(`${root}/nowhere`)
  await listStore(`${root}/a.txt`)
  await listStore('../..', 'store up')
  await listStore('/etc', 'store /etc')
  await fetchFile('a.txt')
  await fetchFile('empty')
  await fetchFile('deep/er/b.json')
  await fetchFile('größe 日本.txt')
  await fetchFile('per%2525cent.txt')
  await fetchFile('nowhere.txt')
  await fetchFile('deep')
  await fetchFile('..%2f..%2fa')
  await fetchFile('deep%2fer%2fb.json')
  await fetchFile('deep/%2e%2e/a.txt')
  await fetchFile('%00')
  await put('..%2f..%2fescaped', 'x')
  await put('deep/%252e%252e/escaped', 'x')
  await put('..%5cescaped', 'x')
  await put('nul%00inside', 'x')
  await put('a.txt/below', 'x', 'PUT below a file')
  await put('deep', 'x', 'PUT over a folder')
  await put('folder/', 'x')
  await put(`${'n'.repeat(255)}`, 'x', 'PUT name of 255')
  await put(`${'n'.repeat(256)}`, 'x', 'PUT name of 256')
  await t.ask('HEAD', `${STORE}/${root}/a.txt`, { label: 'HEAD a.txt' })
  await t.get('/get-artifact', { run_id, path: 'a.txt' })
  await t.get('/get-artifact', { run_uuid: run_id, path: 'deep/er/b.json' })
  await t.get('/get-artifact', { run_id, path: '../a.txt' })
  await t.get('/get-artifact', { run_id, path: 'nowhere' })
  await t.get('/get-artifact', { run_id: 'nobody', path: 'a.txt' })
  await t.get('/get-artifact', { run_id })
  await t.get('/get-artifact', { path: 'a.txt' })
  for (const step of ['create', 'complete', 'abort'])
    await t.ask('POST', `/api/2.0/mlflow-artifacts/mpu/${step}/${root}`, {
      json: { path: 'large.bin', num_parts: 2, upload_id: 'u', parts: [{ part_number: 1, etag: 'e', url: 'x' }] },
      label: `mpu ${step}`,
    })
  await t.ask('GET', `/api/2.0/mlflow-artifacts/presigned/${root}/a.txt`, { label: 'presigned download' })
  await t.post('artifacts/presigned-download-url', { run_id, path: 'a.txt' })
  await t.post('artifacts/presigned-upload-url', { run_id, path: 'a.txt' })
  const upload = '/ajax-api/2.0/mlflow/upload-artifact'
  const page = (query: Record<string, string>, body: string, label: string) =>
    t.ask('POST', upload, { query, body, label, headers: { 'content-type': 'text/plain' } })
  await page({ run_uuid: run_id, path: 'from/page.txt' }, 'from a page', 'upload from a page')
  await fetchFile('from/page.txt')
  await page({ path: 'x' }, 'x', 'upload from a page without run')
  await page({ run_uuid: run_id }, 'x', 'upload from a page without path')
  await page({ run_uuid: run_id, path: '../x' }, 'x', 'upload from a page up')
  await page({ run_uuid: run_id, path: 'x' }, '', 'upload from a page of nothing')
  await page({ run_uuid: 'nobody', path: 'x' }, 'x', 'upload from a page to nobody')
  await page(
    { run_uuid: run_id, path: 'x' },
    'x'.repeat(10 * 1024 * 1024 + 1),
    'upload from a page of more than 10 MiB',
  )
  const remove = (path: string, label = `DELETE ${path}`) => t.ask('DELETE', `${STORE}/${root}/${path}`, { label })
  await remove('a.txt')
  await remove('a.txt', 'DELETE twice')
  await remove('deep')
  await remove('nowhere')
  await remove('..%2fx')
  await list()
  await t.get(`/ajax-api/2.0/mlflow-artifacts/artifacts`, { path: root }, 'store under /ajax-api')
  await t.ask('GET', `/ajax-api/2.0/mlflow-artifacts/artifacts/${root}/empty`, { label: 'GET under /ajax-api' })
  await t.post('runs/delete', { run_id })
  await list()
  await fetchFile('empty', 'GET in the bin')
  await put('late.txt', 'x', 'PUT in the bin')
}
