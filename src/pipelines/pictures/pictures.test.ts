import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { blobPlace } from '#platform/blobs'
import { layOutPictures } from './lay-out-pictures.ts'
import { npyHeader } from './npy.ts'
import { readPictureModel } from './picture-model.ts'

const SIZE = { width: 8, height: 8, channels: 3, fit: 'fill' } as const
const grey = (value: number) =>
  sharp({ create: { width: 16, height: 16, channels: 3, background: { r: value, g: value, b: value } } })
    .png()
    .toBuffer()

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-picture-table-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function put(path: string, bytes: Uint8Array) {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}

describe('layOutPictures', () => {
  it('leaves arrays that NumPy maps, and finds a picture by its hash in its file or in the store', async () => {
    const [dark, bright] = [await grey(10), await grey(200)]
    await put('pets/cat/dark.png', dark)
    const hashOf = async (bytes: Buffer) => {
      const { createHash } = await import('node:crypto')
      return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    }
    const blobs = join(folder, 'blobs')
    const stored = blobPlace(blobs, (await hashOf(bright)).slice('sha256:'.length))
    await mkdir(dirname(stored), { recursive: true })
    await writeFile(stored, bright)
    const places = { roots: [join(folder, 'pets')], blobs }
    const pictures = [
      { hash: await hashOf(dark), file: 'cat/dark.png', target: 0 },
      // The file is another one by now: what it was is in the store.
      { hash: await hashOf(bright), file: 'cat/dark.png', target: 1 },
      { hash: await hashOf(bright), file: null, target: 1 },
    ]
    await layOutPictures({ pictures, places, size: SIZE }, { folder, part: 'train' }, () => {})
    const array = await readFile(join(folder, 'train.npy'))
    const header = npyHeader('uint8', [3, 8, 8, 3])
    expect(array.subarray(0, header.length).equals(header)).toBe(true)
    const values = array.subarray(header.length)
    expect([values.length, values[0], values[192], values[384]]).toEqual([3 * 192, 10, 200, 200])
    const labels = await readFile(join(folder, 'train-labels.npy'))
    expect([0, 1, 2].map((i) => labels.readFloatLE(npyHeader('float32', [3]).length + 4 * i))).toEqual([0, 1, 1])
  })

  it('writes headers of whole 64 bytes', () => {
    for (const shape of [[1], [10_000_000, 224, 224, 3]]) {
      const header = npyHeader('uint8', shape)
      expect(header.length % 64).toBe(0)
      expect(header.readUInt16LE(8)).toBe(header.length - 10)
      expect(header.at(-1)).toBe(10)
    }
    expect(npyHeader('float32', [3]).toString('latin1')).toContain("'shape': (3,), }")
  })
})

describe('readPictureModel', () => {
  it('reads what a command says of its model, or says what is missing', async () => {
    const read = () => readPictureModel('python train.py', folder)
    await expect(read()).rejects.toThrow('there is no model.json')
    await put('model.json', Buffer.from('{"input":"pixels"}'))
    await expect(read()).rejects.toMatchObject({ code: 'ORRERY_PIPELINES_PICTURE_MODEL_UNDESCRIBED' })
    await put('model.json', Buffer.from('{"input":"x","layout":"NCHW","mean":[0.5,0.5,0.5],"std":[1,1,1]}'))
    expect(await read()).toMatchObject({ input: 'x', answers: [] })
  })
})
