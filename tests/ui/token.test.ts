import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { accessRoutes } from '#access/contract'
import { createClient } from '#platform/http/contract'
import { startServer } from '../support/server.ts'
import { noBrowser, openBrowser } from './browser.ts'

describe.skipIf(noBrowser)('the pages of a server that asks who it is', { timeout: 120_000 }, () => {
  it('ask for a token, refuse a wrong one, and go on with a right one', async () => {
    const home = await mkdtemp(join(tmpdir(), 'orrery-token-'))
    let server = await startServer({ home })
    const { secret } = await createClient(accessRoutes, { baseUrl: server.url }).createToken({
      body: { name: 'reader', roles: ['viewer'] },
    })
    await server.stop()
    server = await startServer({ home, args: ['--host', '0.0.0.0'] })
    const browser = await openBrowser()
    try {
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${new URL(server.url).port}/`)
      await page.getByText('This server wants to know who you are.').waitFor()
      await page.getByLabel('Token').fill('wrong')
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByText('This server wants to know who you are.').waitFor()
      await page.getByLabel('Token').fill(secret)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByText('No project yet').waitFor()
      expect(await page.locator('.failure').count()).toBe(0)
    } finally {
      await browser.close()
      await server.stop()
      await rm(home, { recursive: true, force: true })
    }
  })
})
