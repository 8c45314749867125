import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DatabaseSync } from 'node:sqlite'
import sharp, { type Sharp } from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PictureExpectation } from '#projects/contract'
import { blobPlace } from '#platform/blobs'
import { addDataset } from '../files/add.ts'
import { openWorkshop, type Workshop } from '../files/datasets.fixture.ts'
import { eachEntryOf, entriesOf, knownPointerAt } from '../files/dataset.ts'
import { PictureProfile, PictureQuery } from './contract.ts'
import { openPictureViews } from './picture-views.ts'
import { keptProfile, profilePictures } from './profile-pictures.ts'
import { openDecoders } from './workers.ts'

/** A picture of its own, rich in detail as photographs are: waves of many lengths, drawn by lot from its number. */
function drawn(number: number, width = 96, height = 72): Sharp {
  const lot = (i: number) => Math.abs((Math.sin(number * 127.1 + i * 311.7) * 43758.5453) % 1)
  const waves = Array.from({ length: 40 }, (_, i) => {
    const [fx, fy] = [Math.floor(lot(4 * i) * 9), Math.floor(lot(4 * i + 1) * 9)]
    return { fx, fy, strength: (lot(4 * i + 2) - 0.5) * 90, shift: lot(4 * i + 3) * 6 }
  })
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let light = 128
      for (const { fx, fy, strength, shift } of waves)
        light += strength * Math.cos(Math.PI * (fx * (x / width) + fy * (y / height)) + shift)
      light = Math.min(255, Math.max(0, light))
      data.set([light, light * 0.8, 255 - light], (y * width + x) * 3)
    }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

let shop: Workshop
beforeEach(() => {
  shop = openWorkshop()
})
afterEach(() => shop.remove())

async function profiled(expected: readonly unknown[] = []) {
  const place = shop.place('photos')
  await addDataset(shop.home, place)
  const pointer = knownPointerAt(place)
  const version = { dataset: 'photos', version: pointer.version, entries: () => eachEntryOf(shop.home, pointer) }
  const progress: number[] = []
  const profile = await profilePictures(shop.home, version, {
    expect: expected.map((one) => PictureExpectation.parse(one)),
    measured: (done) => progress.push(done),
  })
  expect(PictureProfile.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile)
  return { profile, progress }
}

async function aSetWithEverything() {
  const write = shop.write
  for (let i = 0; i < 12; i++) write(`photos/train/cat/${i}.jpg`, await drawn(i).jpeg().toBuffer())
  for (let i = 20; i < 26; i++) write(`photos/train/dog/${i}.png`, await drawn(i).png().toBuffer())
  for (let i = 30; i < 36; i++) write(`photos/test/cat/${i}.jpg`, await drawn(i).jpeg().toBuffer())
  // The same bytes in both parts; another size and quality in another class.
  write('photos/test/cat/copy.jpg', await drawn(3).jpeg().toBuffer())
  write('photos/test/dog/small.jpg', await drawn(5, 192, 144).resize(64, 48).jpeg({ quality: 50 }).toBuffer())
  write('photos/test/dog/cut.jpg', (await drawn(7, 640, 480).jpeg({ quality: 95 }).toBuffer()).subarray(0, 9_000))
  write('photos/test/dog/page.jpg', '<html></html>')
  const plain = { create: { width: 90, height: 90, channels: 3 as const, background: '#777' } }
  write('photos/test/dog/plain.png', await sharp(plain).png().toBuffer())
  write('photos/test/dog/wide.jpg', await drawn(9, 2_000, 30).jpeg().toBuffer())
  write('photos/labels.csv', 'a,b\n')
}

describe('the profile of a folder of pictures', () => {
  it('tells sizes, formats, classes, what is the same, what cannot be read and what is far from the others', async () => {
    await aSetWithEverything()
    const { profile } = await profiled()
    expect(profile).toMatchObject({ files: 31, others: 1, pictures: 30, blank: 1, grey: 1, turned: 0 })
    expect(profile.formats).toEqual([
      { format: 'jpeg', pictures: 21 },
      { format: 'png', pictures: 7 },
    ])
    expect(profile.parts).toEqual([
      { part: 'test', pictures: 12, classes: expect.arrayContaining([{ name: 'cat', pictures: 7 }]) },
      {
        part: 'train',
        pictures: 18,
        classes: [
          { name: 'cat', pictures: 12 },
          { name: 'dog', pictures: 6 },
        ],
      },
    ])
    expect(profile.unreadable.map(({ problem, examples }) => [problem, examples[0]!.path])).toEqual(
      expect.arrayContaining([
        ['truncated', 'test/dog/cut.jpg'],
        ['no_picture', 'test/dog/page.jpg'],
      ]),
    )
    expect(profile.same).toMatchObject({ groups: 1, pictures: 2, acrossParts: 1, acrossClasses: 0 })
    expect(profile.near).toMatchObject({ groups: 1, pictures: 2, acrossParts: 1, acrossClasses: 1 })
    expect(profile.near.shown[0]!.pictures.map(({ path }) => path).sort()).toEqual([
      'test/dog/small.jpg',
      'train/cat/5.jpg',
    ])
    expect(profile.outliers.map(({ path }) => path)).toContain('test/dog/wide.jpg')
    const { thumbnails } = profile
    const shown = await sharp(Buffer.from(thumbnails[profile.outliers[0]!.hash]!, 'base64')).metadata()
    expect(Math.max(shown.width, shown.height)).toBeLessThanOrEqual(112)
    expect(keptProfile(shop.home, profile.version)).toEqual(profile)
  })

  it('says what holds of what is expected, and which pictures break it', async () => {
    await aSetWithEverything()
    const { profile } = await profiled([
      { width_between: [64, 1_000], height_between: [40, null] },
      { formats_in: ['jpeg'], mostly: '70%' },
      { not_truncated: true, readable: true },
      { not_blank: true, otherwise: 'warn' },
      { classes_in: ['cat', 'dog'], nothing_personal: true, upright: true },
      { no_duplicates_across_parts: true },
      { no_near_duplicates_across_classes: true },
      { balance: '60%' },
      { each_class_between: [6, null] },
      { no_near_duplicates: true },
    ])
    const results = Object.fromEntries(profile.expectations.map((one) => [one.rule ?? '', one]))
    const holds = Object.entries(results).flatMap(([rule, { passed }]) => (passed ? [rule] : []))
    expect(holds.sort()).toEqual(['classes_in', 'formats_in', 'nothing_personal', 'upright'])
    expect(results.width_between).toMatchObject({ failing: 1, sample: [{ value: 'test/dog/wide.jpg: 2000' }] })
    expect(results.height_between).toMatchObject({ failing: 1 })
    expect(results.readable!.failing).toBe(2)
    expect(results.not_truncated!.sample[0]!.value).toMatch(/^test\/dog\/cut\.jpg: /)
    expect(results.not_blank).toMatchObject({ otherwise: 'warn', sample: [{ value: 'test/dog/plain.png' }] })
    expect(results.no_duplicates_across_parts!.observed).toBe('1 groups')
    expect(results.balance!.observed).toBe('the smallest class has 50% of the largest')
    expect(results.each_class_between!.passed).toBe(false)
  })

  it('measures what is new, and nothing twice', async () => {
    for (let i = 0; i < 5; i++) shop.write(`photos/${i}.jpg`, await drawn(i).jpeg().toBuffer())
    expect((await profiled()).progress).toEqual([0, 1, 2, 3, 4, 5])
    shop.write('photos/5.jpg', await drawn(5).jpeg().toBuffer())
    expect((await profiled()).progress).toEqual([5, 6])
  })

  it('can be looked through, filtered and sorted, a picture with those that look the same', async () => {
    await aSetWithEverything()
    const views = openPictureViews(shop.home)
    const where = { dataset: 'photos', version: 'sha256:none' }
    const list = (query: Record<string, unknown> = {}) => views.list(where, PictureQuery.parse(query))
    try {
      await expect(list()).rejects.toMatchObject({ code: 'ORRERY_DATA_PICTURES_NOT_PROFILED', status: 409 })
      where.version = (await profiled()).profile.version
      const paths = async (query: Record<string, unknown>) => (await list(query)).pictures.map(({ path }) => path)
      const first = await list({ limit: 4, offset: 2 })
      expect([first.total, first.pictures.length, Object.keys(first.thumbnails).length]).toEqual([30, 4, 4])
      expect(first.pictures.map(({ number }) => number)).toEqual([2, 3, 4, 5])
      expect(await paths({ kind: 'unreadable' })).toEqual(['test/dog/cut.jpg', 'test/dog/page.jpg'])
      expect(await paths({ kind: 'contradicting' })).toEqual(['test/dog/small.jpg', 'train/cat/5.jpg'])
      expect((await paths({ kind: 'leaking' })).sort()).toEqual([
        ...['test/cat/copy.jpg', 'test/dog/small.jpg', 'train/cat/3.jpg', 'train/cat/5.jpg'],
      ])
      expect(await paths({ kind: 'same', part: 'train' })).toEqual(['train/cat/3.jpg'])
      expect((await paths({ sort: 'aspect', order: 'down', limit: 1 }))[0]).toBe('test/dog/wide.jpg')
      // What has no measure comes last, whichever way.
      expect((await paths({ sort: 'sharpness', order: 'down' })).slice(-2)).toContain('test/dog/page.jpg')
      expect(await paths({ find: "DOG/P'" })).toEqual([])
      expect(await paths({ find: 'DOG/P' })).toEqual(['test/dog/page.jpg', 'test/dog/plain.png'])
      const { number } = (await list({ find: 'dog/small' })).pictures[0]!
      const one = await views.picture(where, number)
      expect(one.alike.map(({ path }) => path)).toEqual(['train/cat/5.jpg'])
      expect((await sharp(Buffer.from(one.preview!, 'base64')).metadata()).width).toBe(64)
      const [page] = (await list({ find: 'page.jpg' })).pictures
      expect(await views.picture(where, page!.number)).toMatchObject({ preview: null, alike: [] })
      await expect(views.picture(where, 30)).rejects.toMatchObject({ status: 404 })
      const many = await Promise.all(Array.from({ length: 9 }, (_, i) => list({ part: 'train', limit: 3, offset: i })))
      expect(many.map(({ thumbnails }) => Object.keys(thumbnails).length)).toEqual(Array.from({ length: 9 }, () => 3))
      // Bytes that are gone are no reason to show nothing of the rest.
      rmSync(blobPlace(shop.home.blobs, one.picture.hash))
      expect(await views.picture(where, number)).toMatchObject({ preview: null })
    } finally {
      views.close()
    }
  })

  it('takes folders of numbers for shelves where they lie in several classes, and for classes where they do not', async () => {
    for (const [i, path] of ['cat/000/a.jpg', 'cat/001/b.jpg', 'dog/000/c.jpg'].entries())
      shop.write(`photos/train/${path}`, await drawn(i).jpeg().toBuffer())
    const classes = async () => (await profiled()).profile.parts.flatMap((one) => one.classes.map(({ name }) => name))
    expect(await classes()).toEqual(['cat', 'dog'])
    for (const place of ['cat', 'dog']) rmSync(join(shop.folder, 'photos/train', place), { recursive: true })
    for (const i of [4, 5, 6]) shop.write(`photos/train/${i % 2}/${i}.jpg`, await drawn(i).jpeg().toBuffer())
    expect(await classes()).toEqual(['0', '1'])
  })

  it('is not made again for a version that has one; what is newly expected is looked at', async () => {
    for (let i = 0; i < 3; i++) shop.write(`photos/${i}.jpg`, await drawn(i).jpeg().toBuffer())
    const { profile } = await profiled()
    // Neither files nor measures are read any more.
    rmSync(join(shop.folder, '.orrery', 'data', 'pictures.db'), { force: true })
    const again = await profiled([{ width_between: [100, null] }])
    expect(again.progress).toEqual([3])
    expect(again.profile).toEqual({
      ...profile,
      expectations: [expect.objectContaining({ failing: 3, passed: false })],
    })
    expect((await profiled()).profile.expectations).toEqual([])
  })

  it('refuses what has no pictures, and names one that is no longer in the store', async () => {
    shop.write('photos/a.csv', 'a\n1\n')
    await expect(profiled()).rejects.toMatchObject({ code: 'ORRERY_DATA_NO_PICTURES' })
    shop.write('photos/b.png', await drawn(1).png().toBuffer())
    await addDataset(shop.home, shop.place('photos'))
    const [, picture] = entriesOf(shop.home, knownPointerAt(shop.place('photos')))
    rmSync(blobPlace(shop.home.blobs, picture!.hash))
    const pointer = knownPointerAt(shop.place('photos'))
    const version = { dataset: 'photos', version: pointer.version, entries: () => eachEntryOf(shop.home, pointer) }
    await expect(profilePictures(shop.home, version)).rejects.toMatchObject({ code: 'ORRERY_DATA_PICTURE_UNREAD' })
  })
})

const BIN = fileURLToPath(new URL('../../../bin/orrery.js', import.meta.url))

it('goes on after a kill -9 with what was measured by then', async () => {
  const many = 700
  for (let i = 0; i < many; i++) shop.write(`photos/${i}.jpg`, await drawn(i).jpeg().toBuffer())
  await addDataset(shop.home, shop.place('photos'))
  const database = join(shop.folder, '.orrery', 'data', 'pictures.db')
  const kept = () => {
    if (!existsSync(database)) return 0
    const opened = new DatabaseSync(database, { readOnly: true, timeout: 1_000 })
    try {
      return (opened.prepare('select count(*) as n from measured').get() as { n: number }).n
    } catch {
      return 0
    } finally {
      opened.close()
    }
  }
  const child = spawn(process.execPath, [BIN, 'data', 'profile', 'photos'], {
    cwd: shop.folder,
    stdio: 'ignore',
    detached: true,
  })
  await expect.poll(kept, { timeout: 60_000, interval: 5 }).toBeGreaterThan(0)
  const ended = once(child, 'exit')
  process.kill(-child.pid!, 'SIGKILL')
  await ended
  const cutAt = kept()
  expect(cutAt).toBeLessThan(many)
  const { profile, progress } = await profiled()
  expect(progress[0]).toBeGreaterThanOrEqual(cutAt)
  const kinds = readdirSync(join(shop.folder, '.orrery', 'data', 'profiles')).map((name) => name.replace(/^\w+/, ''))
  expect(kinds.sort()).toEqual(['.json', '.pictures'])
  expect(profile.pictures).toBe(many)
}, 120_000)

it('gives up a picture that ends the process it is decoded in, and no other one', async () => {
  const paths = Array.from({ length: 300 }, (_, i) => join(shop.folder, `${i}.jpg`))
  const bytes = await drawn(1).jpeg().toBuffer()
  for (const path of paths) writeFileSync(path, bytes)
  // Read at once and for ever: what never comes to an end is killed, as what crashes ends.
  rmSync(paths[40]!)
  execFileSync('mkfifo', [paths[40]!])
  const done = new Map<string, unknown>()
  const killing = setTimeout(() => killChildren(), 4_000)
  const again = setTimeout(() => killChildren(), 9_000)
  const decoders = openDecoders()
  await decoders.done(
    paths.map((path, i) => ({ hash: String(i), path })),
    (one) => done.set(one.hash, one.lost ?? 'done'),
  )
  decoders.close()
  clearTimeout(killing)
  clearTimeout(again)
  expect(done.size).toBe(300)
  expect([...done].filter(([, what]) => what !== 'done')).toEqual([['40', 'crashed']])
}, 60_000)

/** The decoders that this process started, as something from outside would end them. */
function killChildren(): void {
  const listed = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  for (const line of listed.split('\n'))
    if (line.includes('measure-worker')) process.kill(Number.parseInt(line, 10), 'SIGKILL')
}
