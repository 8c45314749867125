import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SourceCard, Upload } from '#data/contract'
import { orrery } from '../cli/orrery.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { noBrowser, openBrowser, watchedPage } from '../ui/browser.ts'

const ROWS = 400
const table = (from: number, rows = ROWS) =>
  `id,amount,region,bought\n${Array.from({ length: rows }, (_, i) => `c${from + i},${((i * 37) % 100) / 4},${['n', 's'][i % 2]},${(i * 37) % 100 > 50 ? 'yes' : 'no'}`).join('\n')}\n`

let folder: string
let server: RunningServer
let web: Server
let prices = 'a,b\n1,2\n'
let [asked, reads] = [0, 0]
let project: string
let base: string

const api = async <T>(path: string, init?: RequestInit): Promise<{ status: number; body: T }> => {
  const answer = await fetch(`${server.url}/api${path}`, init)
  return { status: answer.status, body: (await answer.json()) as T }
}
const send = (dataset: string, name: string, body: string | Readable) =>
  api<Upload & { error: { code: string; message: string } }>(
    `/projects/shop/sources/${dataset}/uploads?name=${encodeURIComponent(name)}`,
    { method: 'POST', body, duplex: 'half' } as RequestInit,
  )

interface Tried {
  rows: { made: number }
  problem: { message: string } | null
  read: { dataset: string; at: number; what: string }[]
  after: { rows: (string | number | null)[][] }
  error?: { code: string; message: string }
}
const tried = async (dataset: string, recipe: string, more: { again?: boolean } = {}) =>
  (
    await api<Tried>(`/projects/shop/datasets/${dataset}/preview-recipe`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ recipe, ...more }),
    })
  ).body

async function settled(dataset: string): Promise<Upload> {
  for (;;) {
    const { body } = await api<{ uploads: Upload[] }>(`/projects/shop/sources/${dataset}/uploads`)
    if (!['queued', 'running'].includes(body.uploads[0]!.state)) return body.uploads[0]!
    await sleep(200)
  }
}

async function cards(): Promise<Record<string, SourceCard>> {
  const { body } = await api<{ sources: SourceCard[] }>('/projects/shop/sources')
  return Object.fromEntries(body.sources.map((one) => [one.dataset, one]))
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-sources-'))
  project = join(folder, 'shop')
  mkdirSync(project)
  web = createServer((request, response) => {
    if (request.headers['x-api-key'] !== 'hush-hush') return response.writeHead(401).end()
    if (request.url === '/prices.csv') {
      const etag = `"${prices.length}"`
      response.setHeader('last-modified', new Date(1.7e12).toUTCString()).setHeader('etag', etag)
      if (request.headers['if-none-match'] === etag) {
        asked++
        return response.writeHead(304).end()
      }
      if (request.method === 'GET') reads++
      return response.end(prices)
    }
    return response.writeHead(500).end()
  }).listen(0, '127.0.0.1')
  await once(web, 'listening')
  base = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
  const database = new DatabaseSync(join(project, 'shop.db'))
  database.exec("CREATE TABLE visits (who TEXT, at TEXT); INSERT INTO visits VALUES ('c1', '2024-01-02 03:04:05')")
  database.close()
  writeFileSync(join(project, 'regions.csv'), 'region,name\nn,north\ns,south\n')
  writeFileSync(join(project, 'places.csv'), 'region,size\nn,1\ns,2\n')
  writeFileSync(join(project, 'loyal.csv'), 'id,since\nc1,2020\nc3,2021\n')
  writeFileSync(
    join(project, 'orrery.yaml'),
    `project: shop
data:
  customers:
    { source: "upload://", label: bought, id: id, owner: crm@example.org, licence: internal, cost: none, sensitivity: personal }
  prices:
    source: ${base}/prices.csv
    poll: 1s
    fresh_within: 30d
    request: { headers: { X-Api-Key: "\${secret.SHOP_KEY}" } }
  broken: { source: "${base}/broken", poll: 1d, request: { headers: { X-Api-Key: "\${secret.SHOP_KEY}" } } }
  regions: { source: regions.csv }
  places: { source: places.csv }
  loyal: { source: loyal.csv, prepare: [{ join: { with: customers, on: id, columns: [amount, region] } }, { join: { with: regions, on: region } }] }
  visits: { source: shop.db, table: visits, time: at }
  answered: { source: "predictions://shop" }
pipeline: { train: { with: { data: customers }, search: { trials: 2, learners: [logistic] } } }
environments: { production: {} }
deploy: { shop: { environment: production } }
`,
  )
  server = await startServer({ env: { ORRERY_SECRET_SHOP_KEY: 'hush-hush' } })
  const applied = await orrery(['apply', '--server', server.url], { cwd: project })
  expect(applied.code, applied.stdout + applied.stderr).toBe(0)
}, 120_000)
afterAll(async () => {
  await server?.stop()
  web.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('sources of a project on a server', { timeout: 120_000 }, () => {
  it('are cards: who answers for each, and what it said when it was asked', async () => {
    const before = await cards()
    expect(before.customers).toMatchObject({
      ...{ place: 'upload', owner: 'crm@example.org', licence: 'internal', cost: 'none', sensitivity: 'personal' },
      latest: null,
    })
    const ask = async (dataset: string) =>
      (await api<SourceCard>(`/projects/shop/sources/${dataset}/check`, { method: 'POST' })).body.check
    expect(await ask('regions')).toMatchObject({ state: 'available', message: '1 file', files: 1 })
    expect(await ask('prices')).toMatchObject({ state: 'stale', changedAt: 1.7e12 })
    expect(await ask('visits')).toMatchObject({ state: 'available', changedAt: Date.UTC(2024, 0, 2, 3, 4, 5) })
    expect(await ask('broken')).toMatchObject({ state: 'failed', code: 'ORRERY_DATA_SOURCE_UNREACHABLE' })
    expect(await ask('customers')).toMatchObject({ state: 'failed', code: 'ORRERY_DATA_TABLE_EMPTY' })
    expect(await ask('answered')).toMatchObject({ state: 'available', message: '0 of 0 predictions are labelled' })
    expect((await cards()).prices!.check).toMatchObject({ state: 'stale' })
    expect((await api('/projects/shop/sources/none/check', { method: 'POST' })).status).toBe(404)
    expect(JSON.stringify(await cards())).not.toContain('hush-hush')
  })

  it('that are polled become versions when they changed, and only then', async () => {
    const versions = async () =>
      (await api<{ versions: { rows: number }[] }>('/projects/shop/datasets/prices/versions')).body.versions ?? []
    const until = async (wanted: number) => {
      for (let i = 0; (await versions()).length < wanted; i++) {
        if (i > 400) throw new Error('no version came')
        await sleep(200)
      }
    }
    await until(1)
    prices = 'a,b\n1,2\n3,4\n'
    await until(2)
    expect((await versions()).map(({ rows }) => rows)).toEqual([2, 1])
    // From now on it is asked, and read only when it says that it is another.
    const readBefore = reads
    await expect.poll(() => asked, { timeout: 60_000, interval: 100 }).toBeGreaterThan(0)
    await sleep(1_000)
    expect(reads).toBe(readBefore)
  })

  it('are read once while recipes are tried out, whatever they are, and again when they changed or somebody asks', async () => {
    const before = reads
    expect(await tried('prices', '- filter: a > 1')).toMatchObject({ rows: { made: 1 }, problem: null })
    expect(reads).toBe(before + 1)
    expect(await tried('prices', '- filter: a > 1')).toMatchObject({ rows: { made: 1 }, problem: null })
    expect(await tried('prices', '- filter: a > 0')).toMatchObject({ rows: { made: 2 }, problem: null })
    expect(reads).toBe(before + 1)
    const again = await tried('prices', '- filter: a > 0', { again: true })
    expect(again.read).toMatchObject([{ dataset: 'prices', at: expect.any(Number), what: `${base}/prices.csv` }])
    expect(reads).toBe(before + 2)
    const joined = '- join: { with: regions, on: region }'
    writeFileSync(join(project, 'places.csv'), 'region,size\nn,3\ns,4\n')
    const withNames = await tried('places', joined)
    expect(withNames).toMatchObject({ problem: null, read: [{ dataset: 'places' }, { dataset: 'regions' }] })
    expect(withNames.after.rows[0]).toContain('north')
    // A file says by itself that it is another.
    writeFileSync(join(project, 'regions.csv'), 'region,name\nn,the north\ns,south\n')
    expect((await tried('places', joined)).after.rows[0]).toContain('the north')
  })

  it('orrery data upload sends a table and tells what became of it; its card knows at once', async () => {
    writeFileSync(join(folder, 'more.csv'), table(0, 50))
    const sent = await orrery(
      ['data', 'upload', 'customers', join(folder, 'more.csv'), '--server', server.url, '--json'],
      {
        cwd: project,
      },
    )
    expect(sent.code, sent.stdout + sent.stderr).toBe(0)
    const told = JSON.parse(sent.stdout) as Upload
    expect(told).toMatchObject({ name: 'more.csv', state: 'succeeded', version: expect.any(String) })
    expect((await cards()).customers).toMatchObject({
      check: { state: 'available', message: 'more.csv', bytes: told.bytes },
      latest: { version: told.version, rows: 50 },
    })
    writeFileSync(join(folder, 'ragged.csv'), 'id,amount,region,bought\n1,2\n')
    const bad = await orrery(['data', 'upload', 'customers', join(folder, 'ragged.csv'), '--server', server.url], {
      cwd: project,
    })
    expect([bad.code, bad.stdout]).toEqual([1, expect.stringContaining('ragged.csv')])
    const none = await orrery(['data', 'upload', 'regions', join(folder, 'more.csv'), '--server', server.url], {
      cwd: project,
    })
    expect([none.code !== 0, none.stderr]).toEqual([true, expect.stringContaining('ORRERY_DATA_UPLOAD_NOT_TAKEN')])
  })

  it('take uploads as streams: each becomes a version, and what is no table is refused at once', async () => {
    const streamed = Readable.from(
      (function* () {
        const csv = gzipSync(table(0))
        for (let at = 0; at < csv.length; at += 1_000) yield csv.subarray(at, at + 1_000)
      })(),
    )
    const { status, body } = await send('customers', 'customers.csv.gz', streamed)
    expect([status, body.name, body.by]).toEqual([202, 'customers.csv.gz', 'local'])
    const done = await settled('customers')
    expect(done).toMatchObject({ state: 'succeeded', error: null })
    const version = (await api<{ rows: number; source: object }>(`/data-versions/${done.version}`)).body
    expect(version).toMatchObject({ rows: ROWS, source: { kind: 'taken', place: 'upload' } })
    expect((await send('customers', 'x.pdf', '%PDF-1.7 …')).body.error.code).toBe('ORRERY_DATA_FORMAT_UNKNOWN')
    expect((await send('customers', 'x.csv', '')).body.error.code).toBe('ORRERY_DATA_TABLE_EMPTY')
    expect((await send('regions', 'x.csv', table(0))).body.error.code).toBe('ORRERY_DATA_UPLOAD_NOT_TAKEN')
    expect(await tried('customers', '- filter: amount > 10')).toMatchObject({
      problem: null,
      read: [{ dataset: 'customers', what: expect.stringContaining('customers.csv.gz') }],
    })
    await send('customers', '../../ragged.csv', 'id,amount,region,bought\n1,2\n')
    expect(await settled('customers')).toMatchObject({
      ...{ name: 'ragged.csv', state: 'failed', version: null },
      error: { code: 'ORRERY_DATA_ROW_RAGGED' },
    })
  })

  it('are what a pipeline trains on, and what data test reads through the server', async () => {
    const run = await orrery(['run', '--server', server.url, '--json'], { cwd: project })
    expect(run.code, run.stdout + run.stderr).toBe(0)
    // The upload that failed counts for nothing.
    const tested = await orrery(['data', 'test', '--server', server.url, '--json'], {
      cwd: project,
      env: { ORRERY_SECRET_SHOP_KEY: 'hush-hush' },
    })
    const { datasets } = JSON.parse(tested.stdout) as { datasets: { dataset: string; rows: number; error: unknown }[] }
    expect(Object.fromEntries(datasets.map(({ dataset, rows }) => [dataset, rows]))).toEqual({
      ...{ customers: ROWS, prices: 2, broken: 0, regions: 2, places: 2, loyal: 2, visits: 1, answered: 0 },
    })
    expect(tested.stdout + tested.stderr).not.toContain('hush-hush')
  })

  it('may be the prediction log: labels that come later are in what is read later', async () => {
    const post = (path: string, body: object) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const records = Array.from({ length: 6 }, (_, i) => ({ amount: i * 4, region: 'n' }))
    let answer = await post('/predict/shop', { records })
    // The version rolls out step by step after the run.
    for (let i = 0; answer.status !== 200 && i < 300; i++) {
      await sleep(200)
      answer = await post('/predict/shop', { records })
    }
    const { predictions } = (await answer.json()) as { predictions: { id: string }[] }
    const label = (from: number, to: number) =>
      post('/feedback', {
        labels: predictions.slice(from, to).map(({ id }, i) => ({ id, label: i % 2 ? 'yes' : 'no' })),
      })
    const read = async () => {
      const answered = await fetch(`${server.url}/api/projects/shop/sources/answered/rows`)
      return [answered.status, (await answered.text()).split('\n').filter(Boolean).length]
    }
    expect((await read())[0]).toBe(422)
    await label(0, 2)
    expect(await read()).toEqual([200, 2])
    expect(await tried('answered', '- filter: amount >= 0')).toMatchObject({ rows: { made: 2 }, problem: null })
    await label(2, 6)
    expect(await read()).toEqual([200, 6])
    const recipe = '- filter: amount >= 0'
    expect(await tried('answered', recipe)).toMatchObject({ rows: { made: 6 }, problem: null })
    const yes = async () => {
      const { after } = await tried('answered', recipe)
      return after.rows.length
    }
    expect(await yes()).toBe(6)
    const { check } = (await api<SourceCard>('/projects/shop/sources/answered/check', { method: 'POST' })).body
    expect(check).toMatchObject({ state: 'available', message: '6 of 6 predictions are labelled' })
    const tested = await orrery(['data', 'test', '--only', 'answered', '--server', server.url, '--json'], {
      cwd: project,
    })
    expect(JSON.parse(tested.stdout).datasets).toMatchObject([{ rows: 6, error: null }])
  })

  it('orrery data sources tells the same without a server', async () => {
    const env = { ORRERY_SECRET_SHOP_KEY: 'hush-hush' }
    const listed = await orrery(['data', 'sources'], { cwd: project, env })
    expect(listed.code).toBe(0)
    expect(listed.stdout).toContain('crm@example.org · internal · none · personal')
    const checked = await orrery(['data', 'sources', '--check', '--json', '--server', server.url], {
      cwd: project,
      env,
    })
    expect(checked.code).toBe(1)
    const { sources } = JSON.parse(checked.stdout) as { sources: SourceCard[] }
    expect(Object.fromEntries(sources.map(({ dataset, check }) => [dataset, check?.state]))).toMatchObject({
      ...{ customers: 'available', prices: 'stale', broken: 'failed', regions: 'available', visits: 'available' },
      answered: 'available',
    })
    expect(checked.stdout + checked.stderr).not.toContain('hush-hush')
    const without = await orrery(['data', 'sources', '--check', '--json'], { cwd: project })
    expect(without.stdout).toContain('ORRERY_DATA_SECRET_MISSING')
  })
})

describe.skipIf(noBrowser)('the page of sources (Chromium)', { timeout: 120_000 }, () => {
  it('shows cards, asks again, and takes a table that is dropped there', async () => {
    const browser = await openBrowser()
    // A table that is none is refused with a status the console tells.
    const { page, complaints } = await watchedPage(browser, /status of 4\d\d/)
    await page.goto(`${server.url}/shop/data/sources`)
    const card = (name: string) => page.getByRole('region', { name, exact: true })
    await card('customers').getByText('crm@example.org').waitFor()
    await card('broken').getByText('it answered 500').waitFor()
    await card('regions').getByRole('button', { name: 'Check now' }).click()
    await card('regions').getByText('just now').waitFor()
    await card('customers')
      .locator('input[type=file]')
      .setInputFiles({
        ...{ name: 'may.csv', mimeType: 'text/csv', buffer: Buffer.from(table(1_000, 500)) },
      })
    const row = card('customers').locator('.upload-list li').filter({ hasText: 'may.csv' })
    await row.getByText('the version it became').waitFor({ timeout: 60_000 })
    await card('customers')
      .locator('input[type=file]')
      .setInputFiles({
        ...{ name: 'letter.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') },
      })
    await card('customers').getByText('letter.pdf is a PDF.').waitFor()
    const pictures = process.env.ORRERY_TEST_PICTURES
    if (pictures)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await page.screenshot({ path: join(pictures, `sources-${colorScheme}.png`), fullPage: true })
        await page.setViewportSize({ width: 420, height: 900 })
        await page.screenshot({ path: join(pictures, `sources-${colorScheme}-420.png`), fullPage: true })
        await page.setViewportSize({ width: 1280, height: 900 })
      }
    await row.getByText('the version it became').click()
    await page.getByText('500 rows').first().waitFor()
    expect(complaints).toEqual([])
    await browser.close()
  })
})
