import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Tests of the pages skip, by name, where there is no browser to test them in. */
export const noBrowser = !existsSync(CHROMIUM)

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}

export interface WatchedPage {
  readonly page: Page
  /** What the console and the page complained about so far. */
  readonly complaints: readonly string[]
}

/** A page that remembers every complaint of the console; `expected` are told by the test itself. */
export async function watchedPage(context: BrowserContext | Browser, expected?: RegExp): Promise<WatchedPage> {
  const page = await context.newPage()
  const complaints: string[] = []
  const complain = (text: string) => {
    if (!expected?.test(text)) complaints.push(`${new URL(page.url()).pathname}: ${text}`)
  }
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complain(message.text())
  })
  page.on('pageerror', (error) => complain(error.message))
  return { page, complaints }
}
