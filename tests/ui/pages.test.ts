import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../support/server.ts'
import { noBrowser, openBrowser, type WatchedPage, watchedPage } from './browser.ts'
import { applyProject, champion, ENDPOINT, PROJECT, serveDays } from './project.ts'

/** One story from an empty server to a loop that has turned: each test goes on where the one before it ended. */
describe.skipIf(noBrowser)('the pages in Chromium, on a real server', { timeout: 120_000, retry: 1 }, () => {
  let folder: string
  let server: RunningServer
  let browser: Browser
  let watched: WatchedPage
  let page: Page
  let predictions: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-pages-'))
    server = await startServer({ home: join(folder, 'home') })
    browser = await openBrowser()
    // A refused request is part of the story of a prediction that does not exist.
    watched = await watchedPage(browser, /status of 404/)
    page = watched.page
    await page.setViewportSize({ width: 1280, height: 900 })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const open = (path: string) => page.goto(server.url + path)
  const seen = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: 30_000 })

  it('an empty server says what would be here and the command that fills it', async () => {
    await open('/')
    await seen('No project yet')
    expect(await page.locator('.command code').first().innerText()).toContain('orrery apply')
  })

  it('a project without a run shows its empty loop and is called simulated', async () => {
    await applyProject(server.url, join(folder, 'project'))
    await open(`/${PROJECT}`)
    await seen('No champion yet')
    await seen('Which lamps will fail within a day?')
    expect(await page.locator('.badge.simulated').innerText()).toBe('simulated')
    expect(await page.locator('.stage.empty').count()).toBeGreaterThanOrEqual(6)
  })

  it('starts a run and follows it live to its trials, the best one marked', async () => {
    await open(`/${PROJECT}/runs`)
    await page.getByRole('button', { name: 'Run the pipeline' }).click()
    await page.waitForURL(/\/runs\/[0-9A-Z]{26}$/)
    // Nothing reloads the page: the event stream brings the end of the run to it.
    await page.locator('.title-line .state.ok', { hasText: 'succeeded' }).waitFor({ timeout: 90_000 })
    expect(await page.locator('.steps li.succeeded').count()).toBeGreaterThanOrEqual(4)
    await page.locator('td.best').first().waitFor()
    expect(await page.locator('tbody tr[data-row]').count()).toBeGreaterThanOrEqual(3)
  })

  it('shows a run of somebody’s own code with the curve of its metric', async () => {
    const mlflow = async (path: string, body: unknown) => {
      const reply = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(reply.status, await reply.clone().text()).toBe(200)
      return (await reply.json()) as { experiment_id: string; run: { info: { run_id: string } } }
    }
    await open(`/${PROJECT}/runs`)
    await seen('Runs of your own training code stand here too')
    const { experiment_id } = await mlflow('experiments/create', { name: 'notebook' })
    const { run } = await mlflow('runs/create', { experiment_id, run_name: 'by-hand', start_time: Date.now() })
    await mlflow('runs/log-batch', {
      run_id: run.info.run_id,
      metrics: [0.9, 0.4, 0.25, 0.31].map((value, step) => ({ key: 'val_loss', value, step, timestamp: Date.now() })),
    })
    await page.reload()
    await page.getByRole('link', { name: 'by-hand' }).click()
    await page.locator('.lines-chart path.line').waitFor()
    expect(await page.getByRole('row', { name: /val_loss/ }).innerText()).toMatch(/0\.310\s+0\.250 best\s+0\.900/)
  })

  it('asks for a signature, and a signature puts the version into production', async () => {
    await open(`/${PROJECT}`)
    await page.getByRole('link', { name: 'Review and sign' }).click()
    await page.waitForURL(/\/models\/.+\/versions\/1$/)
    const sign = page.getByRole('button', { name: 'Sign v1' })
    await sign.waitFor()
    expect(await sign.isDisabled()).toBe(true)
    expect(await page.getByRole('button', { name: 'Reject' }).isDisabled()).toBe(true)
    await page.getByLabel('Note, or the reason to reject').fill('read it, every gate holds')
    await page.getByLabel('I have read the report on this page').check()
    await sign.click()
    await seen('read it, every gate holds')
    await seen('by a person, having seen this report')
    await page.locator('.title-line .state', { hasText: 'production' }).waitFor({ timeout: 30_000 })
    expect(await champion(server.url)).toBe(1)
  })

  it('shows the report that was signed, who signed it, and that the signature covers it', async () => {
    await page.getByRole('link', { name: 'certification report' }).click()
    await page.waitForURL(/versions\/1\/report$/)
    await seen('what to know before signing')
    await seen('Checks in staging')
    const signatures = page.locator('.panel', { hasText: 'Signatures' })
    await signatures.locator('li', { hasText: 'as qa' }).waitFor()
    expect(await signatures.innerText()).not.toContain('of an earlier report')
    expect(await page.locator('.hash code').innerText()).toMatch(/^[0-9a-f]{64}$/)
  })

  it('shows the way of a version into production as a track, with every decision', async () => {
    await open(`/${PROJECT}/endpoints/${ENDPOINT}`)
    await page.getByRole('link', { name: 'steps and evidence' }).first().click()
    await page.waitForURL(/\/rollouts\/[0-9A-Z]+$/)
    const steps = page.getByRole('list', { name: 'Steps of the roll-out' }).getByRole('listitem')
    await expect
      .poll(async () => (await steps.allInnerTexts()).map((text) => text.split('\n')[0]), { timeout: 10_000 })
      .toEqual(['staging', 'awaiting certification', 'canary', 'promoted'])
    await page.locator('.timeline li', { hasText: 'certified by local' }).waitFor()
    expect(await page.locator('.share-chart path.line').getAttribute('d')).toMatch(/^M/)
  })

  it('tells which version served when, and keeps what is said about a model', async () => {
    const { models } = (await (await fetch(`${server.url}/api/models?project=${PROJECT}`)).json()) as {
      models: { name: string }[]
    }
    await open(`/${PROJECT}/models/${models[0]!.name}`)
    const history = page.locator('.panel', { hasText: 'which version served when' })
    await history.locator('.service-strip', { hasText: 'v1' }).waitFor()
    await history.getByLabel('on').fill('2020-01-01')
    await seen('Nothing was in production on 2020-01-01')
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel(/^What .+ is, and what it is for$/).fill('Sorts lamps before they fail.')
    await page.getByRole('button', { name: 'Save description' }).click()
    await page.getByLabel(/^Tag of/).fill('team')
    await page.getByLabel('Its value').fill('light')
    await page.getByRole('button', { name: 'Add tag' }).click()
    await seen('team: light')
    await page.getByRole('button', { name: 'Done' }).click()
    await page.reload()
    await seen('Sorts lamps before they fail.')
  })

  it('draws how well the loop kept in step, by itself, as traffic and labels come in', async () => {
    await open(`/${PROJECT}`)
    await seen('Quality over time will stand here')
    predictions = await serveDays(server.url, 30)
    const line = page.locator('.chart path.line.loop')
    await line.waitFor({ timeout: 30_000 })
    expect((await line.getAttribute('d'))!.match(/[ML]/g)!.length).toBeGreaterThan(10)
    expect(await page.locator('.chart path.band.loop').count()).toBe(1)
    expect(await page.locator('.chart path.line.reference').count()).toBe(1)
    // The lamps changed, so the loop retrained and promoted: more than one version has reigned.
    expect(await page.locator('.chart .reign').count()).toBeGreaterThanOrEqual(2)
    await seen(/mean in view: this loop/)
  })

  it('the chart is read by pointer and keyboard, zooms into the address, and gives its numbers away', async () => {
    await open(`/${PROJECT}`)
    const chart = page.locator('.chart-box').first()
    await page.locator('.chart path.line.loop').waitFor()
    await chart.scrollIntoViewIfNeeded()
    const box = (await chart.boundingBox())!
    await page.mouse.move(box.x + 500, box.y + 100)
    const readout = await page.locator('.readout').innerText()
    expect(readout).toMatch(/this loop\s+0\.\d+ \(0\.\d+ – [01]\.?\d*\)/)
    expect(readout).toMatch(/champion\s+v\d+/)

    await page.mouse.down()
    await page.mouse.move(box.x + 700, box.y + 100, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL(/\?from=2024-\d\d-\d\dT.+&to=2024-/)
    await page.goBack()
    expect(new URL(page.url()).search).toBe('')
    await page.goForward()
    await page.waitForURL(/from=/)
    await chart.dblclick({ position: { x: 300, y: 100 } })
    await expect.poll(() => new URL(page.url()).search).toBe('')

    await page.mouse.move(5, 5)
    await chart.focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Shift+ArrowRight')
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/2024, .*: this loop/)

    await page.getByText('Download', { exact: true }).first().click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ])
    const csv = (await readFile((await download.path())!, 'utf8')).trim().split('\r\n')
    expect(csv[0]).toBe('time,this loop,this loop lower95,this loop upper95,left alone')
    expect(csv.length).toBeGreaterThan(10)
    expect(download.suggestedFilename()).toBe(`${ENDPOINT}-roc_auc.csv`)
  })

  it('one answer leads back to its version, run, data and signature', async () => {
    await open(`/trace/${predictions[0]}`)
    await seen('How it came to be')
    for (const part of ['certified', 'gates', 'run', 'code', 'data', 'environment', 'because'])
      await page
        .locator('.leaf-name', { hasText: new RegExp(`^${part}$`) })
        .first()
        .waitFor()
    expect(await page.locator('.contributions tbody tr').count()).toBe(3)
    // The page stands outside the project's address and still knows where it belongs.
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Models' }).waitFor()
    await page.locator('.leaf', { hasText: 'data' }).getByRole('link').first().click()
    await page.waitForURL(new RegExp(`/${PROJECT}/data\\?version=`))
    await page.locator('.bars').first().waitFor()
  })

  it('takes what a person says of an answer, and shows it with the answer and at the endpoint', async () => {
    await open(`/trace/${predictions[1]}`)
    const panel = page.locator('.panel', { hasText: 'What people say' })
    await panel.getByText('Nobody said anything of this answer').waitFor()
    await panel.getByRole('button', { name: '2 poor' }).click()
    await panel.getByLabel('It should have been').fill('perhaps')
    await panel.getByLabel('Comment').fill('the lamp was replaced the day before')
    await panel.getByLabel('Tags').fill('replaced, hall')
    await panel.getByRole('button', { name: 'Say it' }).click()
    await panel.getByText('none of the classes').waitFor()
    // What was refused stands there still, to be mended.
    const answered = (await page.locator('.answer-value span').innerText()).trim()
    await panel.getByLabel('It should have been').fill(answered === 'yes' ? 'no' : 'yes')
    await panel.getByRole('button', { name: 'Say it' }).click()
    const said = panel.locator('.feedback-list li')
    await said.getByText('the lamp was replaced the day before').waitFor()
    expect(await said.innerText()).toMatch(/2 of 5[\s\S]+disagrees[\s\S]+replaced/)
    expect(await panel.getByLabel('Comment').inputValue()).toBe('')
    await open(`/${PROJECT}/endpoints/${ENDPOINT}?disagrees=yes`)
    const all = page.locator('.panel', { hasText: 'What people say' })
    await all.getByText('1 of 1 who said what it should have been').waitFor()
    expect(await all.locator('.feedback-list li').count()).toBe(1)
    await all.getByLabel('With the tag').selectOption('hall')
    await page.waitForURL(/tag=hall/)
    await all.getByRole('link').first().click()
    await page.waitForURL(new RegExp(`/trace/${predictions[1]}`))
  })

  it('shows what of an endpoint is in memory, where it runs, and which file answers', async () => {
    await open(`/${PROJECT}/endpoints/${ENDPOINT}`)
    const panel = page.locator('.panel', { hasText: 'In memory' })
    const row = panel.getByRole('row', { name: new RegExp(`${ENDPOINT}@\\d+ beside HTTP`) }).first()
    await row.waitFor()
    expect(await row.innerText()).toMatch(/[kM]B/)
    expect(await panel.locator('.memory-bar .mine').count()).toBeGreaterThanOrEqual(1)
    expect(await page.locator('.lead .id span').first().getAttribute('title')).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  it('predicts with a record by hand, filled in from the latest answer', async () => {
    await open(`/${PROJECT}/endpoints/${ENDPOINT}`)
    expect(await page.getByLabel('hall').inputValue()).toMatch(/north|south|east/)
    await page.getByLabel('heat').fill('49')
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.answer-value').waitFor()
    expect(Number(await page.locator('.answer-value').innerText())).toBeGreaterThanOrEqual(0)
    expect(await page.locator('.probabilities li').count()).toBe(2)
    await page.getByLabel('and say why').check()
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.try-why .contributions tbody tr').first().waitFor()
    expect(await page.locator('.try-why .contributions tbody tr').count()).toBe(3)
    await page.getByText('The same as code').click()
    await page.getByLabel('Language').selectOption('Python')
    await page.getByLabel('Protocol').selectOption('Open Inference Protocol')
    const code = await page.locator('.as-code pre').innerText()
    expect(code).toContain(`${server.url}/v2/models/${ENDPOINT}/infer`)
    expect(code).toContain('49')
    await page.getByLabel('heat').fill('very hot')
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.inline-failure').waitFor()
    expect(await page.locator('.inline-failure').innerText()).toMatch(/^ORRERY_/)
  })

  it('draws a composed model, from the record to the answer', async () => {
    const { model } = (await (await fetch(`${server.url}/api/endpoints/${ENDPOINT}`)).json()) as { model: string }
    const reply = await fetch(`${server.url}/api/models/composed/graphs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        parts: { one: `${model}@1`, two: `${model}@1` },
        answer: { switch: [{ when: 'heat > 40', use: 'one' }, { use: { combine: ['one', 'two'], by: 'average' } }] },
      }),
    })
    expect(reply.status, await reply.clone().text()).toBe(201)
    await open(`/${PROJECT}/models/composed/versions/1`)
    const panel = page.locator('.panel', { hasText: 'How it answers' })
    await panel.locator('svg .node.part').first().waitFor()
    expect(await panel.locator('svg title').first().textContent()).toBe(
      'if heat > 40 one; otherwise the average of one and two',
    )
    expect(await panel.locator('svg .node.part').count()).toBe(3)
    await panel
      .getByRole('link', { name: `${model}@1` })
      .first()
      .click()
    await page.waitForURL(new RegExp(`/models/${model}/versions/1$`))
  })

  it('finds predictions by what was answered, who answered and when', async () => {
    await open(`/${PROJECT}/endpoints/${ENDPOINT}`)
    const found = page.locator('.panel', { hasText: 'Recent predictions' })
    const rows = found.locator('tbody tr')
    await rows.first().waitFor()
    await found.getByLabel('answered').fill('yes')
    await found.getByLabel('from').fill('2024-02-22')
    await found.getByLabel('to').fill('2024-02-22')
    await found.getByRole('button', { name: 'Find' }).click()
    await page.waitForURL(/label=yes.*from=2024-02-22.*to=2024-02-22/)
    await expect
      .poll(async () => (await rows.allInnerTexts()).every((text) => /22 Feb 2024/.test(text) && /\byes\b/.test(text)))
      .toBe(true)
    expect(await rows.count()).toBeGreaterThan(0)
    await found.getByLabel('by version').fill('99')
    await found.getByRole('button', { name: 'Find' }).click()
    await found.getByText('No prediction here').waitFor()
    await page.goBack()
    await rows.first().waitFor()
    expect(await found.getByLabel('by version').inputValue()).toBe('')
  })

  it('nothing moves under the pointer: what is newer is offered, not pushed', async () => {
    await open(`/${PROJECT}/endpoints/${ENDPOINT}`)
    const newest = page.locator('tr', { hasText: 'to come' }).first()
    await newest.waitFor()
    await newest.hover()
    const before = await newest.innerText()
    await fetch(`${server.url}/predict/${ENDPOINT}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        records: [{ at: '2024-03-21T00:00:00', heat: 40, hours: 1, hall: 'north' }],
        ids: ['newest'],
      }),
    })
    const offer = page.getByRole('button', { name: /Show 1 newer prediction/ })
    await offer.waitFor({ timeout: 20_000 })
    expect(await newest.innerText()).toBe(before)
    await offer.click()
    await expect.poll(() => newest.innerText()).toContain('newest')
  })

  it('the keyboard reaches everything: palette, go-to, lists, theme', async () => {
    await open(`/${PROJECT}`)
    await page.locator('.ring').waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search or jump' }).fill('v1')
    await page.getByRole('option', { name: /v1/ }).first().waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/versions\/1$/)

    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search or jump' }).waitFor()
    await page.keyboard.type(predictions[1]!)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${server.url}/trace/${predictions[1]}`)
    await seen('How it came to be')

    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.waitForURL(/\/runs$/)
    // The page has two lists; keys walk both in their order, so both have to be there.
    const first = page.locator(`tbody tr[data-row] a[href^="/${PROJECT}/runs/"]`).first()
    await first.waitFor()
    await page.keyboard.press('j')
    await expect.poll(() => page.locator(':focus').innerText()).toBe(await first.innerText())
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/runs\/[0-9A-Z]{26}$/)

    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const before = await background()
    await page.keyboard.press('t')
    await expect.poll(background).not.toBe(before)
    await page.reload()
    await expect.poll(background).not.toBe(before)
    await page.locator('.ring, main').first().waitFor()
    await page.keyboard.press('t')
    await expect.poll(background).toBe(before)
  })

  it('an error says its code, its cause and what to do', async () => {
    await open('/trace/no-such-prediction')
    await page.locator('.failure-code').waitFor()
    expect(await page.locator('.failure-code').innerText()).toMatch(/^ORRERY_/)
    expect(await page.locator('.failure-message').innerText()).toContain('no-such-prediction')
    expect((await page.locator('.failure-hint').innerText()).length).toBeGreaterThan(10)
  })

  const PAGES = [
    '',
    '/data',
    '/data/sources',
    '/runs',
    `/models/${ENDPOINT}`,
    `/models/${ENDPOINT}/versions/1`,
    `/models/${ENDPOINT}/versions/1/report`,
    `/endpoints/${ENDPOINT}`,
    '/batches',
    `/monitors/${ENDPOINT}`,
  ]

  it.each(['light', 'dark'] as const)(
    'every page stands in %s at desktop and phone width, nothing sticking out',
    async (colorScheme) => {
      for (const width of [1280, 420]) {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
        const other = await watchedPage(context)
        for (const path of [...PAGES.map((each) => `/${PROJECT}${each}`), `/trace/${predictions[0]}`]) {
          await other.page.goto(server.url + path)
          await other.page.locator('h1').first().waitFor()
          await other.page.locator('[aria-busy]').first().waitFor({ state: 'detached' })
          const wider = await other.page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)
          expect(wider, `${path} at ${width} px`).toBeLessThanOrEqual(0)
          expect(await other.page.locator('.failure').count(), path).toBe(0)
          expect(await unnamed(other.page), `${path}: controls without a name`).toEqual([])
          expect((await other.page.screenshot({ fullPage: true })).length).toBeGreaterThan(10_000)
        }
        expect(other.complaints).toEqual([])
        await context.close()
      }
    },
  )

  it('rolls back only with a reason, to the version that was ready', async () => {
    const before = (await champion(server.url))!
    await open(`/${PROJECT}/endpoints/${ENDPOINT}`)
    await page.getByRole('button', { name: 'Roll back' }).click()
    await seen(`Withdraw v${before}`)
    const now = page.getByRole('button', { name: 'Roll back now' })
    expect(await now.isDisabled()).toBe(true)
    await page.getByLabel('Reason').fill('complaints from the halls')
    await now.click()
    await now.waitFor({ state: 'detached' })
    expect(await champion(server.url)).toBeLessThan(before)
    await page.locator('tr.champion', { hasText: `v${await champion(server.url)}` }).waitFor()
    await open(`/${PROJECT}`)
    await seen('complaints from the halls')
  })

  it('says when the server is gone, keeps what it showed, and comes back by itself', async () => {
    await open(`/${PROJECT}`)
    await page.locator('.liveness', { hasText: 'live' }).waitFor()
    const { url, home } = server
    await server.kill()
    await page.locator('.liveness.lost').waitFor({ timeout: 30_000 })
    expect(await page.locator('.ring-champion').innerText()).toContain(ENDPOINT)
    const complaintsBefore = watched.complaints.length
    server = await startServer({ home, port: Number(new URL(url).port) })
    await page.locator('.liveness:not(.lost)').waitFor({ timeout: 60_000 })
    expect(complaintsBefore).toBeGreaterThanOrEqual(0)
  })

  it('nothing complained in the console until the server was killed', () => {
    const unexpected = watched.complaints.filter(
      (text) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|Failed to load/.test(text),
    )
    expect(unexpected).toEqual([])
  })
})

/** Buttons, links and fields that a screen reader could not call by a name. */
function unnamed(page: Page): Promise<string[]> {
  return page.locator('a[href], button, input, select, textarea').evaluateAll((controls) =>
    controls
      .filter((control) => {
        const labelled = (control as { labels?: { length: number } | null }).labels?.length
        const named = control.textContent?.trim() || control.getAttribute('aria-label') || control.getAttribute('title')
        return !labelled && !named && control.getClientRects().length > 0
      })
      .map((control) => control.outerHTML.slice(0, 120)),
  )
}
