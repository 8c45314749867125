import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../support/server.ts'
import { noBrowser, openBrowser, type WatchedPage, watchedPage } from './browser.ts'

const START = BigInt(Date.now() - 60_000) * 1_000_000n

/** Traces in the browser: none, some, one of them step by step. */
describe.skipIf(noBrowser)('the pages of traces in Chromium, on a real server', { timeout: 60_000 }, () => {
  let server: RunningServer
  let browser: Browser
  let watched: WatchedPage
  let page: Page

  beforeAll(async () => {
    server = await startServer()
    browser = await openBrowser()
    watched = await watchedPage(browser, /status of 404/)
    page = watched.page
    await page.setViewportSize({ width: 1280, height: 900 })
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  const traceId = (number: number) => number.toString(16).padStart(32, '0')
  const names = () => page.locator('.span-row .span-title').allInnerTexts()

  /** An agent that calls a tool and a model; the tool fails in every third trace. */
  async function send(numbers: number[]) {
    const span = (
      trace: number,
      number: number,
      parent: number,
      name: string,
      at: number,
      took: number,
      rest: object,
    ) => ({
      traceId: traceId(trace),
      spanId: number.toString(16).padStart(16, '0'),
      ...(parent && { parentSpanId: parent.toString(16).padStart(16, '0') }),
      name,
      startTimeUnixNano: String(START + BigInt(at * 1e6)),
      endTimeUnixNano: String(START + BigInt((at + took) * 1e6)),
      ...rest,
    })
    const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
    const spans = numbers.flatMap((n) => {
      const failed = n % 3 === 0 ? { status: { code: 2, message: 'no such customer' } } : {}
      return [
        span(n, 1, 0, `agent ${n}`, n, 100, { attributes: [text('input.value', `question ${n}`)], ...failed }),
        span(n, 2, 1, 'look up', n + 5, 20, { attributes: [text('openinference.span.kind', 'TOOL')], ...failed }),
        span(n, 3, 1, 'chat', n + 30, 60, { attributes: [text('output.value', `answer ${n}`)] }),
        span(n, 4, 3, 'tokenize', n + 31, 1, {}),
      ]
    })
    const answer = await fetch(`${server.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    })
    expect(answer.status).toBe(200)
  }

  it('says how to send some where there are none', async () => {
    await page.goto(`${server.url}/`)
    await page.getByRole('link', { name: 'Traces' }).click()
    await page.getByText('Traces of your applications stand here').waitFor()
    expect(await page.locator('.command code').allInnerTexts()).toContain(
      `export OTEL_EXPORTER_OTLP_ENDPOINT=${server.url}`,
    )
  })

  it('lists them as they come, and finds them by state and text', async () => {
    await send([1, 2, 3])
    await page.getByRole('link', { name: 'agent 3' }).waitFor({ timeout: 15_000 })
    await page.getByLabel('State').selectOption('error')
    await page.getByRole('link', { name: 'agent 1' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'agent 3' }).waitFor()
    expect(await page.locator('tbody tr').count()).toBe(1)
    await page.getByLabel('State').selectOption('')
    await page.getByLabel('In its name, request or response').fill('QUESTION 2')
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByRole('link', { name: 'agent 3' }).waitFor({ state: 'detached' })
    expect(page.url()).toContain('text=QUESTION+2')
    expect(await page.locator('tbody tr').innerText()).toContain('question 2')
  })

  it('shows one as a waterfall that the keyboard walks', async () => {
    await page.goto(`${server.url}/traces/tr-${traceId(3)}`)
    await page.locator('.title-line .state.bad', { hasText: 'error' }).waitFor()
    expect(await names()).toEqual(['agent 3', 'look up', 'chat', 'tokenize'])
    await page.getByText('question 3').waitFor()
    await page.locator('[role=treeitem][tabindex="0"]').focus()
    await page.keyboard.press('ArrowDown')
    await page.getByRole('heading', { name: 'look up' }).waitFor()
    await page.locator('.span-message', { hasText: 'no such customer' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.getByText('answer 3').waitFor()
    await page.keyboard.press('ArrowLeft')
    expect(await names()).toEqual(['agent 3', 'look up', 'chat'])
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('heading', { name: 'agent 3', level: 2 }).waitFor()
    // Which span is chosen is in the address: a link shows the same.
    expect(page.url()).toContain('?span=0000000000000001')
    const bars = await page
      .locator('.span-row .bar')
      .evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect().left))
    expect(bars[2]).toBeGreaterThan(bars[1]!)
  })

  it('says so where there is none of that id', async () => {
    await page.goto(`${server.url}/traces/tr-${traceId(99)}`)
    await page.getByText('ORRERY_TRACING_TRACE_UNKNOWN').waitFor()
  })

  it('complains about nothing in the console', () => {
    expect(watched.complaints).toEqual([])
  })
})
