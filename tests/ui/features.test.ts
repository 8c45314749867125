import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect as connectNats } from '@nats-io/transport-node'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { HAS_NATS, type RunningNats, startNats } from '../support/nats.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { noBrowser, openBrowser, type WatchedPage, watchedPage } from './browser.ts'

const LOGIN = { user: 'orrery', password: 'open sesame' }
const project = 'shop'

const FILE = `
project: ${project}
data:
  customers: { source: customers.csv, label: left, time: at, id: order, features: [visits, value], split: { by: random } }
  visits: { source: visits.csv, columns: { customer: { type: text, missing: [] } } }
features:
  visits:
    from: visits
    entities: [customer]
    time: day
    owner: web@example.org
    description: what a customer looked at
    columns: { pages: { type: number, description: pages in a day }, device: text }
  value:
    on_demand: { views: [visits], request: { price: number } }
    description: what an order is worth
    columns: { price_per_page: { is: "price / max(pages, 1)", description: what a page brought } }
`
const streamView = (nats: RunningNats) => `  clicks:
    stream: { server: "${nats.url}", name: EVENTS, user: orrery, password: "\${secret.NATS_PASSWORD}" }
    entities: [customer]
    time: at
    columns: { last_page: text }
`

/** Features in the browser: found in all projects, looked at, kept from data, computed on demand and fed from a stream. */
describe.skipIf(noBrowser)('the pages of features in Chromium, on a real server', { timeout: 90_000 }, () => {
  let folder: string
  let nats: RunningNats | undefined
  let server: RunningServer
  let api: Server
  let browser: Browser
  let watched: WatchedPage
  let page: Page

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-feature-pages-'))
    const orders = Array.from({ length: 40 }, (_, i) => `o${i},c${i % 4},2025-03-0${1 + (i % 9)},${i},${i % 2}`)
    await writeFile(join(folder, 'customers.csv'), `order,customer,at,price,left\n${orders.join('\n')}\n`)
    const visits = ['c0,2025-03-01,5,phone', 'c1,2025-03-02,1,desk', 'c2,2025-03-02,9,phone']
    await writeFile(join(folder, 'visits.csv'), `customer,day,pages,device\n${visits.join('\n')}\n`)
    if (HAS_NATS) nats = await startNats(LOGIN)
    server = await startServer({ env: { ORRERY_SECRET_NATS_PASSWORD: LOGIN.password } })
    api = connect(server.url)
    if (nats) {
      const connection = await connectNats({ servers: nats.url, user: LOGIN.user, pass: LOGIN.password })
      await (await jetstreamManager(connection)).streams.add({ name: 'EVENTS', subjects: ['events'] })
      for (const message of ['{"customer":"c1","at":"2025-03-01T09:00:00Z","last_page":"/basket"}', '<script>'])
        await jetstream(connection).publish('events', message)
      await connection.close()
    }
    await api.applyProject({ body: { file: FILE + (nats ? streamView(nats) : ''), folder } })
    const { jobs } = await api.materializeFeatures({ body: { project, views: ['visits'] } })
    for (const { job } of jobs)
      while ((await api.getFeaturesJob({ params: { job } })).state !== 'succeeded') await sleep(100)
    browser = await openBrowser()
    watched = await watchedPage(browser)
    page = watched.page
    await page.setViewportSize({ width: 1280, height: 900 })
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await nats?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('finds features of all projects, by the keyboard, and keeps the search in the address', async () => {
    await page.goto(`${server.url}/${project}/features`)
    const box = page.getByRole('searchbox', { name: 'Find a feature in all projects' })
    await box.focus()
    await page.keyboard.type('web@example.org pages', { delay: 5 })
    const found = page.locator('section', { has: page.getByRole('heading', { name: 'Found' }) })
    await found.getByText('pages in a day').waitFor()
    expect(await found.locator('[data-row]').count()).toBe(1)
    expect(new URL(page.url()).searchParams.get('q')).toBe('web@example.org pages')
    await box.fill('nowhere to be found')
    await found.getByText('No feature has all of these words').waitFor()
    await box.fill('page brought')
    await found.getByText('price_per_page').waitFor()
    await page.reload()
    expect(await box.inputValue()).toBe('page brought')
    await found.getByRole('link', { name: 'value' }).click()
    await page.getByRole('heading', { name: 'value', level: 1 }).waitFor()
  })

  it('shows what is computed on demand with its expressions, and leads to what it is computed from', async () => {
    await page.goto(`${server.url}/${project}/features/value`)
    await page.getByText('price / max(pages, 1)').waitFor()
    const definition = page.locator('section', { has: page.getByRole('heading', { name: 'Definition' }) })
    expect(await definition.innerText()).toContain('price (number)')
    await page.getByText('Computed for each request').waitFor()
    await definition.getByRole('link', { name: 'visits' }).click()
    await page.getByText('in step with the data').waitFor()
    await page.getByText('half above 5').waitFor()
  })

  it.skipIf(!HAS_NATS)('says how a stream stands, and what it set aside (needs nats-server)', async () => {
    const received = async () =>
      (await api.getFeatureView({ params: { project, view: 'clicks' } })).stream?.received ?? 0
    await expect.poll(received, { timeout: 30_000 }).toBe(2)
    await page.goto(`${server.url}/${project}/features/clicks`)
    const stream = page.locator('section', { has: page.getByRole('heading', { name: 'Stream' }) })
    await stream.getByText('connected', { exact: true }).waitFor()
    expect(await stream.innerText()).toContain('EVENTS')
    const aside = page.locator('section', { has: page.getByRole('heading', { name: 'Set aside' }) })
    await aside.getByText('it is no JSON in UTF-8').waitFor()
    await aside.getByText('<script>').waitFor()
    await page.goto(`${server.url}/${project}/features`)
    await page.getByText('follows its stream').waitFor()
    await page.getByText('computed on demand').waitFor()
  })

  it('looks right in both themes and on a phone: nothing is wider than the page', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ viewport: { width: 420, height: 900 }, colorScheme })
      const narrow = await watchedPage(context)
      for (const path of [
        'features',
        'features?q=page',
        'features/value',
        'features/visits',
        ...(nats ? ['features/clicks'] : []),
      ]) {
        await narrow.page.goto(`${server.url}/${project}/${path}`)
        await narrow.page.locator('h1').first().waitFor()
        await narrow.page.locator('[aria-busy]').first().waitFor({ state: 'detached' })
        const [wide, width] = await narrow.page.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, innerWidth]',
        )
        expect(wide, path).toBeLessThanOrEqual(width)
        if (process.env.ORRERY_PICTURES)
          await narrow.page.screenshot({
            path: join(process.env.ORRERY_PICTURES, `${path.replaceAll(/\W/g, '-')}-${colorScheme}.png`),
            fullPage: true,
          })
      }
      expect(narrow.complaints).toEqual([])
      await context.close()
    }
    expect(watched.complaints).toEqual([])
  })
})
