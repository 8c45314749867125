import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orrery } from '../cli/orrery.ts'
import { drawn, writeGatekeeper } from '../support/gatekeeper.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { noBrowser, openBrowser, type WatchedPage, watchedPage } from './browser.ts'

/** The pages of pictures: a folder that is profiled, a version that is judged on it, and an answer that is explained. */
describe.skipIf(noBrowser)('pictures in Chromium, on a real server', { timeout: 120_000, retry: 1 }, () => {
  let folder: string
  let server: RunningServer
  let browser: Browser
  let watched: WatchedPage
  let page: Page

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-pages-of-pictures-'))
    const frames = (...names: string[]) => join(folder, 'frames', ...names)
    execFileSync('git', ['init', '-q', '-b', 'main', folder])
    await writeGatekeeper(folder)
    // What a folder has that nobody meant: a copy in the other class, a cut file, and who took a picture where.
    await mkdir(join(folder, 'album', 'dark'), { recursive: true })
    for (const kind of ['dark', 'bright'])
      for (let i = 0; i < 12; i++) {
        await mkdir(join(folder, 'album', kind), { recursive: true })
        await copyFile(frames(kind, `${i}.jpg`), join(folder, 'album', kind, `${i}.jpg`))
      }
    await copyFile(frames('dark', '3.jpg'), join(folder, 'album', 'bright', 'copy.jpg'))
    const large = await drawn(40, 300, 200, 120)
      .withExif({ IFD0: { Artist: 'Ada' } })
      .jpeg()
      .toBuffer()
    await writeFile(join(folder, 'album', 'dark', 'signed.jpg'), large)
    await writeFile(join(folder, 'album', 'dark', 'cut.jpg'), large.subarray(0, large.length >> 1))
    expect(await orrery(['data', 'add', 'album'], { cwd: folder })).toMatchObject({ code: 0 })
    server = await startServer({ home: join(folder, '.orrery') })
    const where = ['--file', join(folder, 'orrery.yaml'), '--server', server.url]
    expect(await orrery(['apply', ...where])).toMatchObject({ code: 0 })
    expect(await orrery(['run', ...where], { endAfterMs: 120_000 })).toMatchObject({ code: 0 })
    browser = await openBrowser()
    watched = await watchedPage(browser)
    page = watched.page
    await page.setViewportSize({ width: 1280, height: 900 })
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const open = (path: string) => page.goto(server.url + path)
  const seen = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: 30_000 })
  /** A page that is wider than its window has to be pushed to and fro to be read. */
  const overflow = () => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

  it('says what would be known of a folder, and finds it out by one key', async () => {
    await open('/gatekeeper/data')
    await page.getByRole('link', { name: 'pictures', exact: true }).first().click()
    await seen('What these pictures are like was not looked at yet')
    await page.getByRole('button', { name: 'Profile them' }).press('Enter')
    await page.getByRole('heading', { name: '27 pictures' }).waitFor({ timeout: 60_000 })
    await seen('1 cut off')
    await seen('1 tell in their EXIF whose it is: personal data')
    expect(await page.getByRole('row', { name: /bright.*13/ }).count()).toBe(1)
  })

  it('shows which pictures are the same, and that a copy contradicts', async () => {
    const same = page.locator('section', { has: page.getByRole('heading', { name: 'The same bytes' }) })
    expect(await same.innerText()).toContain('contradicts: bright and dark')
    const images = same.getByRole('img')
    expect(await images.count()).toBe(2)
    for (const image of await images.all())
      expect(await image.evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(
        20,
      )
  })

  it('lets all pictures be filtered, sorted, moved through by keys and opened, by an address that shows the same', async () => {
    const tiles = page.locator('.picture-tile')
    const images = page.locator('.picture-tile img')
    await expect.poll(() => tiles.count()).toBe(27)
    await page.getByLabel('which').selectOption('unreadable')
    await expect.poll(() => tiles.count()).toBe(1)
    await seen('cut off')
    await page.getByLabel('which').selectOption('same')
    await expect.poll(() => images.count()).toBe(2)
    await page.getByRole('listbox', { name: 'pictures' }).press('ArrowRight')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'A picture' })
    await dialog.getByText('dark/3.jpg').first().waitFor()
    await dialog.getByText('contradicts: bright').first().waitFor()
    await page.reload()
    await dialog.getByText('contradicts: bright').first().waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.getByLabel('which').selectOption('')
    await page.getByRole('combobox', { name: 'class' }).selectOption('dark')
    await page.getByLabel('sorted by').selectOption('width')
    await expect.poll(() => tiles.count()).toBe(14)
    await expect.poll(() => tiles.first().innerText()).toContain('300')
    await page.getByLabel('path has').fill('no such picture')
    await seen('None is like this.')
    await page.getByLabel('path has').fill('')
    await expect.poll(() => tiles.count()).toBe(14)
    await open(new URL(page.url()).pathname)
    await page.getByRole('link', { name: 'pictures', exact: true }).first().click()
  })

  it('opens what is wrong with a file by keyboard, and comes back to it by its address', async () => {
    const cut = page.getByText('1 cut off')
    await cut.press('Enter')
    await page.getByText('dark/cut.jpg').first().waitFor()
    await page.reload()
    await page.getByRole('heading', { name: '27 pictures' }).waitFor()
  })

  it('shows a version of pictures with its confusion matrix and what it rests on', async () => {
    await open('/gatekeeper/models/brightness-gate/versions/1')
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name} `) })
    await page.getByRole('columnheader', { name: 'answered bright' }).waitFor()
    for (const name of ['dark', 'bright'])
      expect(await row(name).first().getByRole('rowheader').innerText(), name).toBe(name)
    await seen('blur of 1 pixels')
    await seen('pictures, seen as 32 × 32 pixels, gives light')
  })

  it('asks an endpoint with a file, and shows where in the picture the answer came from', async () => {
    await open('/gatekeeper/endpoints/brightness-gate')
    await page.locator('input[type=file]').setInputFiles(join(folder, 'frames', 'bright', '1.jpg'))
    await page.locator('.try-answer').getByText('bright').first().waitFor()
    const reply = await fetch(`${server.url}/predict/brightness-gate?explain=occlusion`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array(await readFile(join(folder, 'frames', 'bright', '2.jpg'))),
    })
    const { predictions } = (await reply.json()) as { predictions: { id: string }[] }
    await open(`/trace/${predictions[0]!.id}`)
    const map = page.getByRole('img', { name: /bright/ }).first()
    await map.waitFor()
    await expect
      .poll(() => map.evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth))
      .toBeGreaterThan(20)
  })

  it('is as wide as a phone, in the dark, on every one of them', async () => {
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 420, height: 900 })
    const address = page.url()
    for (const path of ['/gatekeeper/models/brightness-gate/versions/1', '/gatekeeper/endpoints/brightness-gate']) {
      await open(path)
      await page.locator('h1').first().waitFor()
      await page.locator('[aria-busy]').first().waitFor({ state: 'detached' })
      expect(await overflow(), path).toBeLessThanOrEqual(0)
    }
    await page.goto(address)
    await page.locator('h1').first().waitFor()
    expect(await overflow(), address).toBeLessThanOrEqual(0)
    await open('/gatekeeper/data')
    await page.getByRole('link', { name: 'pictures', exact: true }).first().click()
    await page.getByRole('heading', { name: '27 pictures' }).waitFor()
    expect(await overflow(), 'pictures').toBeLessThanOrEqual(0)
  })

  it('complains of nothing on the way', () => {
    expect(watched.complaints).toEqual([])
  })
})
