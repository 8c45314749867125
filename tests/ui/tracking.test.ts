import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examplePython, HAS_PYTHON } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { noBrowser, openBrowser, type WatchedPage, watchedPage } from './browser.ts'

const SCRIPT = fileURLToPath(new URL('training.py', import.meta.url))
const PATIENCE = 15 * 60_000

/** One story: an unmodified script trains, and somebody who knows MLflow looks at it. */
describe.skipIf(noBrowser || !HAS_PYTHON)(
  'tracked runs in Chromium (needs python3, 3.11 or later)',
  { timeout: 120_000 },
  () => {
    let server: RunningServer
    let browser: Browser
    let watched: WatchedPage
    let page: Page
    let training: ChildProcess
    let printed = ''
    let ended: Promise<unknown>

    beforeAll(async () => {
      const python = await examplePython()
      server = await startServer()
      browser = await openBrowser()
      // Filters that are refused, and what is not there, are part of the story.
      watched = await watchedPage(browser, /status of 40[04]/)
      page = watched.page
      await page.setViewportSize({ width: 1280, height: 900 })
      await page.goto(`${server.url}/#/experiments`)
      await seen('No experiment yet')
      expect(await page.locator('.command code').first().innerText()).toContain(`MLFLOW_TRACKING_URI=${server.url}`)
      training = spawn('python', [SCRIPT], {
        env: { ...process.env, ...python.env, MLFLOW_TRACKING_URI: server.url, MLFLOW_DISABLE_TELEMETRY: 'true' },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      training.stdout!.on('data', (data) => {
        printed += String(data)
      })
      ended = once(training, 'exit')
    }, PATIENCE)

    afterAll(async () => {
      training?.kill()
      await browser?.close()
      await server?.stop()
    })

    const seen = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: 60_000 })
    const link = (name: string) => page.getByRole('link', { name, exact: true })
    const rows = () => page.locator('tbody tr[data-row]')
    const open = (path: string) => page.goto(server.url + path)
    const linkTo = (run: string) => new RegExp(`View run ${run} at: (\\S+)`).exec(printed)![1]!
    const experimentOf = (run: string) => /experiments\/([^/]+)\/runs/.exec(linkTo(run))![1]!

    it('a run shows up by itself and its curves grow while it trains', async () => {
      // Nothing reloads the page: events bring the experiments, and then the run, to it.
      await link('epochs').click({ timeout: 120_000 })
      await link('long-one').click({ timeout: 30_000 })
      await page.locator('.title-line .state', { hasText: 'running' }).waitFor()
      const line = page.locator('.lines-chart', { hasText: 'loss' }).locator('path.line')
      await line.waitFor()
      const points = async () => (await line.getAttribute('d'))!.split('L').length
      const before = await points()
      await expect.poll(points, { timeout: 20_000 }).toBeGreaterThan(before + 20)
      await page.locator('.title-line .state', { hasText: 'finished' }).waitFor({ timeout: 60_000 })
      await expect.poll(points, { timeout: 20_000 }).toBe(201)
      await ended
      // Once it has ended, nobody asks on.
      await page.waitForTimeout(3_000)
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.waitForTimeout(3_000)
      expect(asked.filter((url) => /histories|\/api\/runs\//.test(url))).toEqual([])
    }, 240_000)

    it('tells the best beside the last, and the machine apart from the model', async () => {
      const loss = page.getByRole('row', { name: /^loss/ })
      expect(await loss.innerText()).toMatch(/0\.500\s+0\.0069 best\s+1\.00/)
      const system = page.locator('.panel', { hasText: 'System metrics' })
      expect(await system.locator('.lines-chart').count()).toBe(1)
      expect(await page.locator('.panel', { hasText: 'Curves' }).first().locator('.lines-chart').count()).toBe(2)
    })

    it('a curve is read by keyboard, drawn in logarithms and smoothed, all of it in the address', async () => {
      const chart = page.getByRole('slider', { name: /^loss/ })
      await chart.focus()
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('Shift+ArrowRight')
      expect(await chart.getAttribute('aria-valuetext')).toMatch(/^step 10: long-one 0\.779$/)
      const line = page.locator('.lines-chart', { hasText: 'loss' }).locator('path.line').last()
      const straight = await line.getAttribute('d')
      await page.getByLabel('log scale').check()
      await expect.poll(() => line.getAttribute('d')).not.toBe(straight)
      await page.getByLabel('smoothing').fill('0.9')
      await page.locator('path.line.faint').first().waitFor()
      expect(new URL(page.url()).search).toBe('?log=1&smooth=0.9')
      await page.getByRole('button', { name: 'over time' }).click()
      await page.waitForURL(/over=time/)
    })

    it('files are shown as text, JSON and tables, and run nothing', async () => {
      await page.getByRole('button', { name: /net\.json/ }).click()
      await page.locator('.artifact-preview pre', { hasText: '"layers"' }).waitFor()
      await page.getByRole('button', { name: /table\.csv/ }).click()
      await expect.poll(() => page.locator('.cells tbody tr').count()).toBe(2)
      await page.getByRole('button', { name: /report\.html/ }).click()
      await page.locator('.artifact-preview pre', { hasText: '<script>' }).waitFor()
      const [download] = await Promise.all([page.waitForEvent('download'), link('Download').click()])
      expect(download.suggestedFilename()).toBe('report.html')
      expect(await page.title()).toContain('long-one')
      expect(await page.locator('.markdown strong').innerText()).toBe('learns')
      expect(await page.locator('.markdown img').count()).toBe(0)
    })

    it('notes, tags and names are written here', async () => {
      await page.getByRole('button', { name: 'Edit' }).click()
      await page.getByLabel(/^Note about this run/).fill('## Changed\n\n- by hand')
      await page.getByRole('button', { name: 'Save note' }).click()
      await page.locator('.markdown h3', { hasText: 'Changed' }).waitFor()
      await page.getByLabel('Key of a tag').fill('team')
      await page.getByLabel('Value of the tag').fill('green')
      await page.getByRole('button', { name: 'Set tag' }).click()
      await page.locator('.tag-list li', { hasText: 'green' }).waitFor()
      await page.getByRole('button', { name: 'Rename' }).click()
      await page.getByLabel('New name of the run').fill('the long one')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'the long one' }).waitFor()
      await page.getByRole('button', { name: /remove the tag team/ }).click()
      await seen('No tag of this run.')
    })

    it('the links that the client prints lead to the run and to its experiment', async () => {
      await page.goto('about:blank')
      await page.goto(linkTo('c-100'))
      await page.getByRole('heading', { name: 'c-100' }).waitFor()
      expect(await page.locator('.facts', { hasText: 'max_iter' }).innerText()).toMatch(/C\s+100\.0/)
      await page.getByRole('row', { name: /training_accuracy_score/ }).waitFor()
      await page
        .getByRole('button', { name: /MLmodel/ })
        .first()
        .click()
      await page.locator('.artifact-preview pre', { hasText: 'sklearn' }).waitFor()
      // In a page that is open already, too.
      await page.goto(`${server.url}/#/experiments/${experimentOf('c-100')}`)
      await page.getByRole('heading', { name: 'flowers' }).waitFor()
      expect(await rows().count()).toBe(3)
    })

    it('a filter is MLflow’s; what the server says against one stands at the box', async () => {
      const box = page.getByLabel('Filter runs')
      await box.fill("params.C = '1.0' and metrics_max.training_accuracy_score > 0.5")
      await page.keyboard.press('Enter')
      await expect.poll(() => rows().count()).toBe(1)
      await link('c-1').waitFor()
      await box.fill("params.C = '7'")
      await page.keyboard.press('Enter')
      await seen('No run meets this filter')
      await box.fill('params.C =')
      await page.keyboard.press('Enter')
      await page.locator('.filter-box .inline-failure').waitFor()
      expect(await page.locator('.filter-box .inline-failure').innerText()).toContain('Invalid clause')
      expect(await box.getAttribute('aria-invalid')).toBe('true')
      await box.fill('')
      await expect.poll(() => rows().count()).toBe(3)
    })

    it('runs are ordered by any column, with the columns chosen or those that differ', async () => {
      await page.getByText('Columns', { exact: true }).click()
      await page.getByLabel('highest training_accuracy_score').check()
      await page.getByLabel('Find a column').fill('solver')
      await page.getByLabel('param solver').check()
      await page.keyboard.press('Escape')
      await page.getByRole('columnheader', { name: 'solver' }).waitFor()
      await page.getByRole('button', { name: 'highest training_accuracy_score' }).click()
      await page.waitForURL(/sort=metric_max/)
      await expect.poll(() => rows().last().innerText()).toContain('c-0.01')
      await page.getByRole('button', { name: 'highest training_accuracy_score' }).click()
      await expect.poll(() => rows().first().innerText()).toContain('c-0.01')

      await page.getByLabel('show only what differs').check()
      await page.getByRole('columnheader', { name: 'C', exact: true }).waitFor()
      expect(await page.getByRole('columnheader', { name: 'solver' }).count()).toBe(0)
    })

    it('runs selected are compared: differences marked, equal rows hidden until asked for', async () => {
      await page.getByLabel('Select all runs shown').check()
      await link('Compare').click()
      await page.getByRole('heading', { name: '3 runs side by side' }).waitFor()
      const c = page.getByRole('row', { name: /^≠\s*C / })
      expect(await c.innerText()).toMatch(/0\.01[\s\S]*1\.0[\s\S]*100\.0|100\.0[\s\S]*1\.0[\s\S]*0\.01/)
      expect(await page.getByRole('row', { name: /^solver/ }).count()).toBe(0)
      await page.getByLabel(/^show only what differs/).uncheck()
      await page.getByRole('row', { name: /^solver/ }).waitFor()
      expect(await page.locator('.parallel path.line').count()).toBe(3)
    })

    it('what is deleted waits in the bin, readable, and comes back', async () => {
      await open(`/experiments/${experimentOf('c-100')}`)
      await page.getByLabel('Select c-100').check()
      await page.getByRole('button', { name: 'Delete', exact: true }).last().click()
      await expect.poll(() => rows().count()).toBe(2)
      await page.getByLabel('show the bin').check()
      await link('c-100').click()
      await page.locator('.badge', { hasText: 'in the bin' }).waitFor()
      expect(await page.getByRole('button', { name: 'Set tag' }).count()).toBe(0)
      await page.getByRole('button', { name: 'Restore' }).click()
      await page.locator('.badge', { hasText: 'in the bin' }).waitFor({ state: 'detached' })

      await open('/experiments')
      await page.getByRole('button', { name: 'Delete flowers' }).click()
      await link('flowers').waitFor({ state: 'detached' })
      await page.getByLabel('show the bin').check()
      await page.getByRole('button', { name: 'Restore flowers' }).click()
      await seen('The bin is empty')
    })

    it('the keyboard walks there: go-to, lists, palette', async () => {
      await open('/traces')
      await page.locator('h1').waitFor()
      await page.keyboard.press('g')
      await page.keyboard.press('x')
      await page.waitForURL(/\/experiments$/)
      await link('epochs').waitFor()
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: 'Search or jump' }).fill('flowers')
      await page.getByRole('option', { name: 'flowers' }).waitFor()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'flowers' }).waitFor()
      await rows().first().waitFor()
      await page.keyboard.press('j')
      await page.keyboard.press('x')
      expect(await rows().first().getByRole('checkbox').isChecked()).toBe(true)
    })

    it('what is not there says so', async () => {
      for (const path of ['/experiments/none', '/tracking/none']) {
        await open(path)
        await page.locator('.failure-code').waitFor()
        expect(await page.locator('.failure-message').innerText()).toContain('none')
      }
      await open('/compare')
      await seen('No run is named')
    })

    it.each(['light', 'dark'] as const)(
      'stands in %s at desktop and phone width, nothing sticking out',
      async (colorScheme) => {
        const run = linkTo('long-one').split('/runs/')[1]
        const flowers = experimentOf('c-1')
        const ids = ['c-1', 'c-100'].map((name) => linkTo(name).split('/runs/')[1])
        for (const width of [1280, 420]) {
          const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
          const other = await watchedPage(context)
          for (const path of [
            '/experiments',
            `/experiments/${flowers}`,
            `/tracking/${run}`,
            `/compare?runs=${ids}`,
            '/models',
          ]) {
            await other.page.goto(server.url + path)
            await other.page.locator('h1').first().waitFor()
            await other.page.locator('[aria-busy]').first().waitFor({ state: 'detached' })
            const wider = await other.page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)
            expect(wider, `${path} at ${width} px`).toBeLessThanOrEqual(0)
            expect(await other.page.locator('.failure').count(), path).toBe(0)
          }
          expect(other.complaints).toEqual([])
          await context.close()
        }
      },
    )

    it('nothing complained in the console', () => {
      expect(watched.complaints).toEqual([])
    })
  },
)
