import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { blobPlace } from '#platform/blobs'
import { addDataset } from './add.ts'
import { checkoutDataset } from './checkout.ts'
import { knownPointerAt } from './dataset.ts'
import { openWorkshop, type Workshop } from './datasets.fixture.ts'
import { collectGarbage } from './gc.ts'
import { isStored } from './stage.ts'

describe('what nothing refers to any longer', () => {
  let shop: Workshop
  beforeEach(() => {
    shop = openWorkshop()
  })
  afterEach(() => {
    vi.useRealTimers()
    shop.remove()
  })
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: shop.folder, encoding: 'utf8' })
  const add = (path = 'pictures') => addDataset(shop.home, shop.place(path))
  const collect = (remove = true) => collectGarbage(shop.home, { remove })
  /** Nothing was touched just now. */
  const anHourLater = () => vi.setSystemTime(Date.now() + 3_600_000)
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
  const stored = (text: string) => isStored(shop.home.blobs, hashOf(text), text.length)

  /** Three versions: one of an old commit, one of no commit, one of the working tree. */
  async function threeVersions() {
    shop.write('pictures/a', 'committed')
    shop.write('pictures/shared', 'in all')
    await add()
    git('add', '.')
    git('commit', '-qm', 'one')
    shop.write('pictures/a', 'in no commit')
    const lost = await add()
    shop.write('pictures/a', 'of the working tree')
    await add()
    return lost
  }

  it('is removed, and what a commit or the working tree refers to stays', async () => {
    const lost = await threeVersions()
    vi.useFakeTimers({ toFake: ['Date'] })
    anHourLater()
    const looked = await collect(false)
    expect(looked).toMatchObject({ removed: false, blobs: 2, kept: 2, versions: [{ version: lost.version }] })
    expect(stored('in no commit')).toBe(true)
    expect(await collect()).toMatchObject({ removed: true, blobs: 2 })
    expect(stored('in no commit')).toBe(false)
    for (const text of ['committed', 'in all', 'of the working tree']) expect(stored(text), text).toBe(true)
    expect(await collect(), 'a second time there is nothing left').toMatchObject({ blobs: 0, versions: [] })
    git('checkout', '-q', 'pictures.orrery.yaml')
    await checkoutDataset(shop.home, shop.place('pictures'), knownPointerAt(shop.place('pictures')))
    shop.write('pictures/a', 'in no commit', 30)
    await add()
    expect(stored('in no commit'), 'no cache keeps it from being stored again').toBe(true)
  })

  it('is found again where its removal was cut short, and no cache keeps it from being stored again', async () => {
    const lost = await threeVersions()
    const list = blobPlace(shop.home.blobs, lost.version.slice('sha256:'.length))
    const blob = blobPlace(shop.home.blobs, hashOf('in no commit'))
    vi.useFakeTimers({ toFake: ['Date'] })
    anHourLater()
    // A folder is not removed as a file is: here it ends, as if it had been killed.
    rmSync(blob)
    mkdirSync(blob)
    await expect(collect()).rejects.toThrow()
    expect(existsSync(list), 'the list goes last').toBe(true)
    expect(existsSync(shop.home.statCaches), 'the caches go first').toBe(false)
    rmdirSync(blob)
    expect(await collect()).toMatchObject({ blobs: 1, versions: [{ version: lost.version }] })
    expect(existsSync(list)).toBe(false)
  })

  it('keeps the list of a version while one of its files is fresh', async () => {
    const lost = await threeVersions()
    const blob = blobPlace(shop.home.blobs, hashOf('in no commit'))
    const list = blobPlace(shop.home.blobs, lost.version.slice('sha256:'.length))
    await sleep(50)
    chmodSync(blob, 0o444)
    vi.useFakeTimers({ toFake: ['Date'] })
    // Ten minutes after the list was written, and not yet after the file was touched.
    vi.setSystemTime(lstatSync(list).ctimeMs + 600_020)
    expect(await collect()).toMatchObject({ blobs: 0, spared: 2 })
    vi.setSystemTime(Date.now() + 1000)
    expect(existsSync(list)).toBe(true)
    expect(await collect()).toMatchObject({ blobs: 2, spared: 0 })
  })

  it('stays while it is fresh, or while anything in the database of a server names it', async () => {
    await threeVersions()
    expect(await collect()).toMatchObject({ blobs: 0, spared: 2 })
    vi.useFakeTimers({ toFake: ['Date'] })
    anHourLater()
    const db = new DatabaseSync(join(shop.home.folder, 'orrery.db'))
    const hash = hashOf('in no commit')
    db.exec(`create table "of a room" (facts text); insert into "of a room" values ('{"blob":"sha256:${hash}"}')`)
    expect(await collect()).toMatchObject({ blobs: 1, spared: 1 })
    expect(stored('in no commit')).toBe(true)
    db.close()
  })

  it('is not known where a repository or the database of a server is not there: nothing is removed', async () => {
    await threeVersions()
    vi.useFakeTimers({ toFake: ['Date'] })
    anHourLater()
    writeFileSync(join(shop.home.folder, 'server.lock'), '')
    await expect(collect()).rejects.toMatchObject({ code: 'ORRERY_DATA_GC_UNSURE' })
    rmSync(join(shop.home.folder, 'server.lock'))
    renameSync(join(shop.folder, '.git'), join(shop.folder, 'git-aside'))
    expect(await collect()).toMatchObject({ blobs: 0, lostRepositories: [shop.folder] })
  })

  it('that a pointer file with a broken merge may refer to stays', async () => {
    await threeVersions()
    vi.useFakeTimers({ toFake: ['Date'] })
    anHourLater()
    shop.write('pictures.orrery.yaml', '<<<<<<< HEAD\n')
    await expect(collect()).rejects.toMatchObject({ code: 'ORRERY_DATA_GC_UNSURE' })
    expect(stored('in no commit')).toBe(true)
  })
})
