import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { noBrowser, openBrowser, type WatchedPage, watchedPage } from './browser.ts'

const project = 'shop'

const FILE = (base: string, most = 400) => `
project: ${project}
data:
  customers:
    source: customers.csv
    label: left
    id: id
    columns: { since: { type: number, missing: [] } }
    prepare:
      - join: { with: regions, on: region }
      - impute: { columns: [age], with: median, flag: true }
    expect:
      - { column: id, unique: true, otherwise: stop }
      - { column: age, between: [0, 120], otherwise: quarantine }
      - { column: spent, max: [0, ${most}], otherwise: warn }
      - { rows: [10, 100000], otherwise: warn }
  regions: { source: regions.csv, owner: sales@example.org, licence: CC-BY-4.0, sensitivity: public }
  parcels: { source: "upload://", owner: depot@example.org, sensitivity: personal }
  broken: { source: "${base}/broken.csv", poll: 1d }
  lost: { source: nowhere.csv }
pipeline: { train: { with: { data: customers }, search: { trials: 2, learners: [logistic] } } }
gates: []
deploy: { leaving: {} }
`

/** Repeatable noise in [0, 1). */
const noise = (i: number, salt: number) => Math.abs((Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453) % 1)

function customers(rows: number, spread: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const age = i % 9 === 0 ? '' : i % 100 === 7 ? 430 : Math.round(18 + 60 * noise(i, 1))
    const spent = (spread * noise(i, 2)).toFixed(2)
    const left = noise(i, 3) < (Number(spent) > spread / 2 ? 0.8 : 0.2) ? 'yes' : 'no'
    return [`c${i}`, age, spent, 2000 + (i % 20), ['north', 'south', 'east'][i % 3], left].join()
  })
  return `id,age,spent,since,region,left\n${lines.join('\n')}\n`
}

/** Data sets in the browser: sources, uploads, recipes, and a version's profile, expectations, scorecard and changes. */
describe.skipIf(noBrowser)('the pages of data in Chromium, on a real server', { timeout: 120_000 }, () => {
  const web = createServer((_, response) => response.writeHead(500).end())
  let folder: string
  let server: RunningServer
  let api: Server
  let browser: Browser
  let watched: WatchedPage
  let page: Page

  const panel = (name: string) => page.locator('section', { has: page.getByRole('heading', { name, exact: true }) })

  async function run(): Promise<string> {
    const { id } = await api.startPipeline({ params: { project }, body: {} })
    for (;;) {
      const { state, error, dataVersion } = await api.getPipelineRun({ params: { run: id } })
      if (error) throw new Error(error.message)
      if (state === 'succeeded') return dataVersion!
      await sleep(200)
    }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-data-pages-'))
    await once(web.listen(0, '127.0.0.1'), 'listening')
    const base = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
    await writeFile(join(folder, 'customers.csv'), customers(600, 300))
    await writeFile(join(folder, 'regions.csv'), 'region,shops\nnorth,3\nsouth,8\neast,1\n')
    server = await startServer()
    api = connect(server.url)
    await api.applyProject({ body: { file: FILE(base), folder } })
    await run()
    await writeFile(join(folder, 'customers.csv'), customers(640, 500))
    await run()
    browser = await openBrowser()
    watched = await watchedPage(browser, /status of 4\d\d|net::ERR_FAILED/)
    page = watched.page
    await page.setViewportSize({ width: 1280, height: 900 })
  }, 240_000)
  afterAll(async () => {
    web.close()
    await browser?.close()
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  /** Pictures for eyes: each page as it was left, light and dark, wide and narrow. */
  afterEach(async ({ task }) => {
    const pictures = process.env.ORRERY_TEST_PICTURES
    if (!pictures) return
    const name = task.name.replaceAll(/\W+/g, '-').slice(0, 50)
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [390, 1280]) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 900 })
        await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true })
      }
    await page.emulateMedia({ colorScheme: 'light' })
  })

  const recipe = () => page.getByRole('textbox', { name: 'Steps as under prepare: in orrery.yaml' })
  const problem = () => page.locator('#recipe-problem')

  /** Nothing of a page hangs over the edge of a phone. */
  async function fitsPhone(): Promise<void> {
    await page.setViewportSize({ width: 390, height: 800 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    await page.setViewportSize({ width: 1280, height: 900 })
  }

  it('a recipe is tried while it is typed, with what its steps learn and what it was tried on', async () => {
    await page.goto(`${server.url}/${project}/data?view=recipe`)
    await panel('What changes').getByText('impute: median').waitFor({ timeout: 60_000 })
    expect(await panel('What the model sees').innerText()).toContain('age_missing')
    expect(await panel('Recipe').innerText()).toMatch(
      /customers as of .*customers\.csv.*; regions as of .*regions\.csv/,
    )
    await recipe().fill('- drop: [since]')
    await panel('What changes').getByText('1 of').waitFor()
    expect(await panel('What changes').innerText()).toContain('gone')
    await writeFile(join(folder, 'regions.csv'), 'region,shops,mayor\nnorth,3,Ada\nsouth,8,Bo\neast,1,Cy\n')
    await recipe().fill('- join: { with: regions, on: region }')
    await panel('Records before').getByText('Ada').first().waitFor({ timeout: 30_000 })
    await page.getByRole('button', { name: 'Read again' }).click()
    await panel('Recipe').getByText('tried out on a sample').waitFor({ timeout: 30_000 })
    await fitsPhone()
  })

  it('a recipe that cannot be done says which step, why, and what to do', async () => {
    await page.goto(`${server.url}/${project}/data?view=recipe`)
    await recipe().waitFor()
    const refused: [recipe: string, said: string | RegExp][] = [
      ['- impute: { columns: [nobody], with: median }', 'nobody'],
      ['- derive: { x: age + }', 'age +'],
      ['{ impute', /recipe cannot be read/],
      ['- sql: SELECT nothing FROM customers', /Step 1 .*nothing/],
      ['- sql: SELECT *, "left" = \'yes\' AS hint FROM customers', 'depend on the label "left"'],
      ["- sql: SELECT * FROM read_csv('/etc/passwd')", /read_csv/],
      ["- sql: COPY customers TO '/tmp/out.csv'", /SELECT/],
      ['- sql: INSTALL httpfs', /SELECT/],
      ['- sql: SELECT c.* FROM customers c, customers d, customers e', /rows of/],
    ]
    for (const [written, said] of refused) {
      await recipe().fill(written)
      await problem().filter({ hasText: said }).waitFor({ timeout: 60_000 })
      expect(await recipe().getAttribute('aria-invalid'), written).toBe('true')
    }
    await recipe().fill('')
    await page.getByText('Nothing changes').waitFor({ timeout: 30_000 })
    await expect.poll(() => recipe().getAttribute('aria-invalid'), { timeout: 30_000 }).toBe('false')
  })

  it('sources say what is wrong with each, whose they are, and lead to a recipe before there is a version', async () => {
    await page.goto(`${server.url}/${project}/data/sources`)
    const card = (name: string) => page.getByRole('region', { name, exact: true })
    await card('parcels').getByText('nothing yet').waitFor({ timeout: 30_000 })
    await card('parcels').getByText('orrery data upload parcels').waitFor()
    await card('lost').getByText('There is nothing at nowhere.csv').waitFor({ timeout: 30_000 })
    await card('broken').getByText('it answered 500').waitFor({ timeout: 60_000 })
    expect(await card('regions').innerText()).toMatch(/sales@example.org.*CC-BY-4\.0/s)
    const check = card('regions').getByRole('button', { name: 'Check now' })
    await check.focus()
    await page.keyboard.press('Enter')
    await card('regions').getByText('asked just now').waitFor()
    await fitsPhone()
    await card('parcels').getByRole('link', { name: 'try one on its rows' }).click()
    await problem().filter({ hasText: 'upload:// holds no table of parcels yet' }).waitFor({ timeout: 30_000 })
  })

  it('an upload that is broken off, no table, or a ragged one says so; a good one is tried and becomes a version', async () => {
    await page.goto(`${server.url}/${project}/data/sources`)
    const card = page.getByRole('region', { name: 'parcels', exact: true })
    const send = (name: string, text: string) =>
      card.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })
    await page.route(/\/uploads\?name=/, (route) => route.abort(), { times: 1 })
    await send('cut.csv', 'id,weight\np1,3\n')
    await card.getByText('The connection was cut').waitFor()
    await send('letter.csv', '%PDF-1.7 …')
    await card.getByText('letter.csv is a PDF').waitFor()
    await send('none.csv', '')
    await card.getByText('none.csv is an empty file').waitFor()
    await send('ragged.csv', 'id,weight\np1,3\np2\n')
    await card.locator('li', { hasText: 'ragged.csv' }).getByText('line 3').waitFor({ timeout: 30_000 })
    const rows = Array.from({ length: 30 }, (_, i) => `p${i},${i % 7}`)
    await send('may.csv', `id,weight\n${rows.join('\n')}\n`)
    await card.locator('li', { hasText: 'may.csv' }).getByText('the version it became').waitFor({ timeout: 30_000 })
    await page.goto(`${server.url}/${project}/data?recipe=parcels`)
    await recipe().fill('- filter: weight > 3')
    await problem().filter({ hasText: '12 rows before the split' }).waitFor({ timeout: 30_000 })
    expect(await panel('Recipe').innerText()).toContain('may.csv, uploaded by local')
  })

  it('a profile shows columns, split, and the tables that a version was made of, each a link', async () => {
    await page.goto(`${server.url}/${project}/data`)
    await panel('Made of').getByText('its recipe reads').waitFor()
    expect(await panel('Columns').innerText()).toMatch(/2000 · median 20\d\d · 2019/)
    await fitsPhone()
    await panel('Made of').getByRole('link', { name: 'regions 1' }).click()
    await page.getByRole('heading', { name: 'regions 1' }).waitFor()
    expect(await panel('Made of').count()).toBe(0)
  })

  it('expectations show both kinds of skew and what was set aside, are suggested, and tried while they are written', async () => {
    await page.goto(`${server.url}/${project}/data?view=expectations`)
    await page.getByText('Quarantine: 6 rows set aside').waitFor()
    const results = page.locator('section', { has: page.getByRole('heading', { name: 'Expectations', exact: true }) })
    expect(await results.innerText()).toMatch(
      /age is between 0 and 120.*\(430\).*\(value skew; the rows are set aside\)/s,
    )
    expect(await panel('Over versions').innerText()).toContain('rows set aside')
    const editor = panel('Write expectations')
    const box = editor.getByRole('textbox')
    expect(await box.inputValue()).toContain('- { column: age, between: [ 0, 120 ], otherwise: quarantine }')
    await box.fill('- { column: region, in: [north, south], otherwise: warn }\n- { column: gone, exists: true }')
    await editor.getByText('(value skew; warns)').waitFor({ timeout: 30_000 })
    await editor.getByText('(schema skew; stops)').waitFor()
    await box.fill('- { column: age, betwen: [0, 1] }')
    await editor.locator('.warning').filter({ hasText: 'Expectation 1' }).waitFor({ timeout: 30_000 })
    expect(await box.getAttribute('aria-invalid')).toBe('true')
    await box.fill('- { holds: "age < (SELECT count(*) FROM read_csv(\'/etc/passwd\'))" }')
    await editor.locator('.warning').filter({ hasText: 'it reads with read_csv()' }).waitFor({ timeout: 30_000 })
    await box.fill('')
    await editor.getByRole('button', { name: 'Suggest from this version' }).click()
    await editor.getByText('region is one of').waitFor({ timeout: 30_000 })
    // What a version was like holds for it.
    expect(await editor.locator('.expectations li [data-tone=bad], .expectations li [data-tone=warn]').count()).toBe(0)
    expect(await box.inputValue()).toContain('{ column: region, in: [ east, north, south ], otherwise: warn }')
    await fitsPhone()
  })

  it('a scorecard grades five characteristics, with how each is computed and what to do', async () => {
    await page.goto(`${server.url}/${project}/data?view=scorecard`)
    await page.getByText('Labels to look at').waitFor({ timeout: 60_000 })
    expect(await page.locator('.grades li').allInnerTexts()).toEqual([
      ...[/Accuracy/i, /Completeness/i, /Reliability/i, /Relevance/i, /Timeliness/i].map((name) =>
        expect.stringMatching(name),
      ),
    ])
    const how = page.getByText('how it is computed').first()
    await how.focus()
    await page.keyboard.press('Enter')
    expect(await page.locator('details[open]').count()).toBe(1)
    await fitsPhone()
  })

  it('changes are shown row by row, matched by a column or as whole rows', async () => {
    await page.goto(`${server.url}/${project}/data?view=changes`)
    await panel('Rows').getByText('matched by id').waitFor({ timeout: 60_000 })
    expect(await panel('Rows').innerText()).toContain('added 39')
    expect(await panel('Added rows').innerText()).not.toMatch(/\b20\d\d\.0/)
    await page.getByRole('combobox', { name: 'rows matched by' }).selectOption('region')
    await page.getByRole('alert').getByText('region').waitFor({ timeout: 30_000 })
    await page.getByRole('combobox', { name: 'rows matched by' }).selectOption('')
    await panel('Rows').getByText('compared as whole rows').waitFor({ timeout: 30_000 })
    await fitsPhone()
  })

  it('a project without versions says what would be here, and the console had nothing to say', async () => {
    const file = 'project: bare\ndata: { rows: { source: nowhere.csv, label: y } }\npipeline: { train: {} }\n'
    await api.applyProject({ body: { file, folder } })
    await page.goto(`${server.url}/bare/data`)
    await page.getByText('No tables yet').waitFor()
    await fitsPhone()
    expect(watched.complaints).toEqual([])
  })
})
