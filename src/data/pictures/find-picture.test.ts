import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { blobPlace } from '#platform/blobs'
import { findPicture, type PicturePlaces } from './find-picture.ts'

let folder: string
let places: PicturePlaces
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-find-picture-'))
  places = { roots: [join(folder, 'old'), join(folder, 'pets')], blobs: join(folder, 'blobs') }
})
afterEach(() => rm(folder, { recursive: true }))

async function put(path: string, text: string) {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}

const hashOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const find = async (hash: string | null, file: string | null) => String(await findPicture(places, { hash, file }))
const GONE = { code: 'ORRERY_DATA_PICTURE_GONE', status: 409 }

it('is the file while it is the same, otherwise what the store has of it', async () => {
  await put('pets/cat/1.jpg', 'a cat')
  expect(await find(hashOf('a cat'), 'cat/1.jpg')).toBe('a cat')
  await put('pets/cat/1.jpg', 'another cat')
  await expect(find(hashOf('a cat'), 'cat/1.jpg')).rejects.toMatchObject(GONE)
  const stored = blobPlace(places.blobs, hashOf('a cat').slice('sha256:'.length))
  await mkdir(dirname(stored), { recursive: true })
  await writeFile(stored, 'a cat')
  expect(await find(hashOf('a cat'), 'cat/1.jpg')).toBe('a cat')
  expect(await find(hashOf('a cat'), null)).toBe('a cat')
})

it('is whatever file is there, where nothing says what it was', async () => {
  await put('pets/cat/1.jpg', 'a cat')
  expect(await find(null, 'cat/1.jpg')).toBe('a cat')
  await expect(find(null, null)).rejects.toMatchObject(GONE)
})

it('is nothing outside of the folders, and no hash that is a path', async () => {
  await put('secret', 'a password')
  const outside = ['../secret', join(folder, 'secret'), '..', '', '.', 'cat/../../secret', '/etc/hostname']
  for (const file of outside) await expect(find(null, file), file).rejects.toMatchObject(GONE)
  for (const hash of ['sha256:../secret', '../../secret', 'sha256:'])
    await expect(find(hash, null)).rejects.toMatchObject(GONE)
})
