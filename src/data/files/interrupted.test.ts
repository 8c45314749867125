import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addDataset } from './add.ts'
import { pointerAt } from './dataset.ts'
import { openWorkshop, type Workshop } from './datasets.fixture.ts'
import { openDataHome } from './home.ts'
import { hashFile } from './stage.ts'

const ORRERY = fileURLToPath(new URL('../../../bin/orrery.js', import.meta.url))

describe('adding a dataset', () => {
  let shop: Workshop
  beforeEach(() => {
    shop = openWorkshop()
  })
  afterEach(() => shop.remove())

  const start = (...args: string[]) =>
    spawn(process.execPath, [ORRERY, 'data', ...args], { cwd: shop.folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = async (child: ReturnType<typeof start>) => {
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk
      })
    const [code] = await once(child, 'close')
    return { code, said }
  }
  const writeMany = (files: number) => {
    mkdirSync(join(shop.folder, 'pictures'), { recursive: true })
    for (let i = 0; i < files; i++) shop.write(`pictures/${i}`, `${i} `.repeat(100))
  }
  /** Every blob has the bytes its name says. */
  const damaged = () => {
    const { blobs } = shop.home
    return globSync('??/*', { cwd: blobs }).filter((name) => hashFile(join(blobs, name)) !== name.slice(3))
  }

  it('killed at any point leaves a store without a wrong byte, and goes on', async () => {
    // More than one round of syncing and naming.
    const files = 6000
    writeMany(files)
    const { version } = await addDataset(openDataHome(join(shop.folder, 'other-home')), shop.place('pictures'))
    for (const how of ['--copy', '--link'])
      for (let wait = 60; wait < 1400; wait += 330) {
        rmSync(join(shop.folder, 'pictures.orrery.yaml'), { force: true })
        const child = start('add', 'pictures', how)
        const gone = once(child, 'exit')
        await sleep(wait)
        child.kill('SIGKILL')
        await gone
        expect(damaged(), `${how} killed after ${wait} ms`).toEqual([])
        const pointer = pointerAt(shop.place('pictures'))
        if (pointer) expect(existsSync(join(shop.home.blobs, version.slice(7, 9), version.slice(7)))).toBe(true)
      }
    const { code } = await ended(start('add', 'pictures'))
    expect(code).toBe(0)
    expect(pointerAt(shop.place('pictures'))).toMatchObject({ version, files })
    expect(globSync('*', { cwd: shop.home.arriving }), 'what was under way is swept').toEqual([])
  }, 120_000)

  it('twice at once gives the same version, and one waits for the other', async () => {
    writeMany(1500)
    const both = await Promise.all([ended(start('add', 'pictures')), ended(start('add', 'pictures'))])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(damaged()).toEqual([])
    expect(pointerAt(shop.place('pictures'))).toMatchObject({ files: 1500 })
  })

  it('sees what is written meanwhile: the version is one that was there, or none is made', async () => {
    writeMany(300)
    const file = join(shop.folder, 'pictures', 'growing')
    writeFileSync(file, 'x')
    const growing = setInterval(() => appendFileSync(file, 'x'.repeat(100_000)), 1)
    const refusal = await addDataset(shop.home, shop.place('pictures')).catch((error) => error)
    clearInterval(growing)
    expect(refusal).toMatchObject({ code: 'ORRERY_DATA_CHANGED_WHILE_ADDED', details: { files: ['growing'] } })
    expect(pointerAt(shop.place('pictures'))).toBeUndefined()
    expect(await addDataset(shop.home, shop.place('pictures'))).toMatchObject({ files: 301 })
    expect(damaged()).toEqual([])
  })

  const mayMount = process.platform === 'linux' && process.geteuid?.() === 0
  it.skipIf(!mayMount)(
    'onto a full disk says so, leaves nothing half, and goes on when there is room',
    async (context) => {
      const disk = join(shop.folder, 'disk')
      mkdirSync(disk)
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'ignore' })
      } catch {
        return context.skip('this user cannot mount a small disk')
      }
      try {
        shop.home = openDataHome(disk)
        for (let i = 0; i < 30; i++) shop.write(`pictures/${i}`, `${i} `.repeat(50_000))
        const refusal = await addDataset(shop.home, shop.place('pictures')).catch((error) => error)
        expect(refusal.code).toBe('ORRERY_DATA_DISK_FULL')
        expect(damaged()).toEqual([])
        expect(globSync('**/*', { cwd: shop.home.arriving })).toEqual([])
        execFileSync('mount', ['-o', 'remount,size=20m', disk])
        expect(await addDataset(shop.home, shop.place('pictures'))).toMatchObject({ files: 30 })
      } finally {
        execFileSync('umount', [disk])
      }
    },
  )
})
