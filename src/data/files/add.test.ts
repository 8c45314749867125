import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { blobPlace } from '#platform/blobs'
import { addDataset } from './add.ts'
import { checkoutDataset } from './checkout.ts'
import { knownPointerAt } from './dataset.ts'
import { openWorkshop, type Workshop } from './datasets.fixture.ts'
import { diffDataset, findVersion } from './diff.ts'
import { readLedger } from './ledger.ts'
import { hashFile } from './stage.ts'

describe('a dataset of files', () => {
  let shop: Workshop
  beforeEach(() => {
    shop = openWorkshop()
  })
  afterEach(() => shop.remove())

  const add = (path = 'pictures', placement: 'link' | 'copy' | undefined = undefined) =>
    addDataset(shop.home, shop.place(path), { placement })
  const checkout = (path = 'pictures', request: { force?: boolean; placement?: 'link' | 'copy' } = {}) =>
    checkoutDataset(shop.home, shop.place(path), knownPointerAt(shop.place(path)), request)
  const at = (path: string) => join(shop.folder, path)

  it('comes back as it was: names of any kind, modes, links, folders in folders', async () => {
    const names = ['a\nb', 'é', 'e\u0301', '😀', ' ', '-rf', 'deep/er/x', '"q"', 'back\\slash', 'empty']
    for (const name of names) shop.write(`pictures/${name}`, name === 'empty' ? '' : `of ${name}`)
    chmodSync(at('pictures/-rf'), 0o755)
    symlinkSync('deep', at('pictures/link'))
    symlinkSync('.', at('pictures/deep/loop'))
    symlinkSync('nowhere', at('pictures/dangling'))
    const added = await add()
    expect(added).toMatchObject({ files: 13, previous: null, changes: { added: 13, removed: 0, changed: 0 } })
    expect(readFileSync(at('.gitignore'), 'utf8')).toBe('/pictures\n')
    rmSync(at('pictures'), { recursive: true })
    expect(await checkout()).toMatchObject({ written: 13 })
    for (const name of names)
      expect(readFileSync(at(`pictures/${name}`), 'utf8')).toBe(name === 'empty' ? '' : `of ${name}`)
    expect(statSync(at('pictures/-rf')).mode & 0o100).toBe(0o100)
    expect(statSync(at('pictures/é')).mode & 0o100).toBe(0)
    expect(readlinkSync(at('pictures/deep/loop'))).toBe('.')
    expect(await add()).toMatchObject({ version: added.version, read: { files: 0 } })
    expect(execFileSync('git', ['status', '--short', '-uall'], { cwd: shop.folder, encoding: 'utf8' })).toBe(
      '?? .gitignore\n?? pictures.orrery.yaml\n',
    )
  })

  it('of a single file is named by the hash of its bytes', async () => {
    shop.write('model.bin', 'weights')
    const { version } = await add('model.bin')
    expect(version).toBe(`sha256:${hashFile(at('model.bin'))}`)
    rmSync(at('model.bin'))
    await checkout('model.bin')
    expect(readFileSync(at('model.bin'), 'utf8')).toBe('weights')
  })

  it('has the same version for the same files, and reads only what changed', async () => {
    for (let i = 0; i < 50; i++) shop.write(`pictures/${i}`, `content ${i}`)
    const first = await add()
    expect(first.read.files).toBe(50)
    expect((await add()).read.files).toBe(0)
    shop.write('pictures/7', 'CONTENT 7', 30)
    rmSync(at('pictures/8'))
    shop.write('pictures/new', 'new', 30)
    const second = await add()
    expect(second).toMatchObject({
      previous: first.version,
      read: { files: 2 },
      changes: { added: 1, removed: 1, changed: 1 },
    })
    shop.write('pictures/7', 'content 7', 20)
    shop.write('pictures/8', 'content 8', 20)
    rmSync(at('pictures/new'))
    expect((await add()).version).toBe(first.version)
    expect(readLedger(shop.home.ledger).map((line) => line.version)).toEqual([
      first.version,
      second.version,
      first.version,
    ])
  })

  it('tells what changed since the version before, also where no cache remembers its files', async () => {
    for (const name of ['a', 'b', 'c']) shop.write(`pictures/${name}`, name)
    symlinkSync('a', at('pictures/link'))
    await add()
    rmSync(shop.home.statCaches, { recursive: true })
    shop.write('pictures/a', 'another')
    shop.write('pictures/d', 'new')
    rmSync(at('pictures/b'))
    rmSync(at('pictures/link'))
    expect(await add()).toMatchObject({ changes: { added: 1, changed: 1, removed: 2 }, read: { files: 3 } })
  })

  it('sees a change that keeps size and time of change of the bytes', async () => {
    shop.write('pictures/a', 'before')
    const { version } = await add()
    const { mtime } = statSync(at('pictures/a'))
    writeFileSync(at('pictures/a'), 'behind')
    utimesSync(at('pictures/a'), mtime, mtime)
    expect((await add()).version).not.toBe(version)
  })

  it('reads again what was written a moment before it was read', async () => {
    // A moment that does not pass, however busy the machine is.
    shop.write('pictures/a', 'now', -60)
    await add()
    expect((await add()).read.files, 'its time of change had not settled').toBe(1)
  })

  it('linked, is read-only, and an edit that replaces the file leaves the store as it was', async () => {
    shop.write('pictures/a', 'before')
    const first = await add('pictures', 'link')
    expect(first.placement).toBe('link')
    const blob = blobPlace(shop.home.blobs, hashFile(at('pictures/a')))
    expect(statSync(blob).ino).toBe(statSync(at('pictures/a')).ino)
    expect(statSync(blob).mode & 0o222).toBe(0)
    expect((await add('pictures', 'link')).read.files).toBe(0)
    writeFileSync(at('aside'), 'after')
    renameSync(at('aside'), at('pictures/a'))
    expect(readFileSync(blob, 'utf8')).toBe('before')
    const second = await add('pictures', 'link')
    expect(second.version).not.toBe(first.version)
    await checkoutDataset(
      shop.home,
      shop.place('pictures'),
      await findVersion(shop.home, shop.place('pictures'), first.version),
      { placement: 'link' },
    )
    expect(readFileSync(at('pictures/a'), 'utf8')).toBe('before')
    expect(statSync(at('pictures/a')).ino).toBe(statSync(blob).ino)
  })

  it('copies, instead of linking, what somebody else shares, may run, or may still be writing', async () => {
    shop.write('elsewhere', 'shared')
    mkdirSync(at('pictures'))
    linkSync(at('elsewhere'), at('pictures/shared'))
    shop.write('pictures/tool', 'run me')
    chmodSync(at('pictures/tool'), 0o755)
    shop.write('pictures/fresh', 'still written', 0)
    await add('pictures', 'link')
    for (const name of ['shared', 'tool', 'fresh']) {
      const blob = blobPlace(shop.home.blobs, hashFile(at(`pictures/${name}`)))
      expect(statSync(blob).ino, name).not.toBe(statSync(at(`pictures/${name}`)).ino)
      expect(statSync(at(`pictures/${name}`)).mode & 0o200, name).toBe(0o200)
    }
  })

  it('is refused with all names where something cannot be a file of it', async () => {
    shop.write('pictures/good', 'good')
    symlinkSync('/etc/passwd', at('pictures/out'))
    symlinkSync('../elsewhere', at('pictures/up'))
    execFileSync('mkfifo', [at('pictures/pipe')])
    writeFileSync(Buffer.concat([Buffer.from(`${at('pictures')}/`), Buffer.from([0x66, 0xff])]), 'no UTF-8')
    const refusal = await add().catch((error) => error)
    expect(refusal.code).toBe('ORRERY_DATA_FILES_NOT_TAKEN')
    expect(refusal.details.files.map((file: { path: string }) => file.path).sort()).toEqual([
      'f\ufffd',
      'out',
      'pipe',
      'up',
    ])
    expect(existsSync(at('pictures.orrery.yaml'))).toBe(false)
  })

  it('is refused where it could not be told apart from the repository, the home or another dataset', async () => {
    shop.write('data/pictures/a', 'a')
    for (const path of ['.', '.orrery', 'nowhere']) await expect(add(path), path).rejects.toThrow()
    await add('data/pictures')
    await expect(add('data/pictures/a')).rejects.toMatchObject({ code: 'ORRERY_DATA_PLACE_REFUSED' })
    await expect(add('data')).rejects.toMatchObject({ code: 'ORRERY_DATA_FILES_NOT_TAKEN' })
    shop.write('tracked/a', 'a')
    execFileSync('git', ['add', 'tracked'], { cwd: shop.folder })
    await expect(add('tracked')).rejects.toThrow(/git tracks it/)
  })

  it('checked out, keeps what no version has, and names it', async () => {
    shop.write('pictures/a', 'a1')
    shop.write('pictures/b', 'b1')
    const first = await add()
    shop.write('pictures/a', 'a2')
    shop.write('pictures/c', 'c2')
    await add()
    const back = await findVersion(shop.home, shop.place('pictures'), first.version.slice(7, 19))
    shop.write('pictures/c', 'unsaved')
    shop.write('pictures/d', 'unsaved too')
    const go = (force = false) => checkoutDataset(shop.home, shop.place('pictures'), back, { force })
    const refusal = await go().catch((error) => error)
    expect(refusal.code).toBe('ORRERY_DATA_UNSAVED_CHANGES')
    expect(refusal.details.files).toEqual(['c', 'd'])
    expect(readFileSync(at('pictures/a'), 'utf8')).toBe('a2')
    expect(readFileSync(at('pictures/d'), 'utf8')).toBe('unsaved too')
    expect(await go(true)).toMatchObject({ written: 1, removed: 2, unchanged: 1 })
    expect(readdirSync(at('pictures')).sort()).toEqual(['a', 'b'])
    expect(readFileSync(at('pictures/a'), 'utf8')).toBe('a1')
  })

  it('goes from folder to file and from link to folder in a checkout', async () => {
    shop.write('pictures/x/deep', 'deep')
    shop.write('pictures/y', 'y')
    const first = await add()
    rmSync(at('pictures/x'), { recursive: true })
    symlinkSync('y', at('pictures/x'))
    const second = await add()
    const version = (hash: string) => findVersion(shop.home, shop.place('pictures'), hash)
    await checkoutDataset(shop.home, shop.place('pictures'), await version(first.version))
    expect(readFileSync(at('pictures/x/deep'), 'utf8')).toBe('deep')
    await checkoutDataset(shop.home, shop.place('pictures'), await version(second.version))
    expect(lstatSync(at('pictures/x')).isSymbolicLink()).toBe(true)
    expect((await diffDataset(shop.home, shop.place('pictures'), first.version, second.version)).removed).toMatchObject(
      [{ path: 'x/deep' }],
    )
  })

  it('checked out where a blob is gone says so, and touches nothing', async () => {
    shop.write('pictures/a', 'a')
    await add()
    unlinkSync(blobPlace(shop.home.blobs, hashFile(at('pictures/a'))))
    rmSync(at('pictures'), { recursive: true })
    await expect(checkout()).rejects.toMatchObject({
      code: 'ORRERY_DATA_VERSION_INCOMPLETE',
      details: { missing: ['a'] },
    })
    expect(existsSync(at('pictures'))).toBe(false)
  })

  it('of an earlier commit is found by git', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: shop.folder })
    shop.write('pictures/a', 'a1')
    const { version } = await add()
    git('add', '.')
    git('commit', '-qm', 'one')
    shop.write('pictures/a', 'a2')
    await add()
    git('commit', '-qam', 'two')
    expect(await findVersion(shop.home, shop.place('pictures'), 'HEAD~1')).toMatchObject({ version })
    await expect(findVersion(shop.home, shop.place('pictures'), '--output=/x')).rejects.toMatchObject({
      code: 'ORRERY_DATA_NO_SUCH_VERSION',
    })
  })
})
