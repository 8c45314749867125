import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blobPlace } from '#platform/blobs'
import { grey, pictureFolder } from '../../../tests/support/picture-folder.ts'
import { layOutPictures } from './lay-out-pictures.ts'
import { npyHeader } from './npy.ts'
import { readPictureModel } from './picture-model.ts'

const SIZE = { width: 8, height: 8, channels: 3, fit: 'fill' } as const
const { path, put } = pictureFolder()
const hashOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

describe('layOutPictures', () => {
  it('leaves arrays that NumPy maps, and finds a picture by its hash in its file or in the store', async () => {
    const [dark, bright] = [await grey(10), await grey(200)]
    await put('pets/cat/dark.png', dark)
    const blobs = path('blobs')
    await put(relative(path(), blobPlace(blobs, hashOf(bright).slice('sha256:'.length))), bright)
    const places = { roots: [path('pets')], blobs }
    const pictures = [
      { hash: hashOf(dark), file: 'cat/dark.png', target: 0 },
      // The file is another one by now: what it was is in the store.
      { hash: hashOf(bright), file: 'cat/dark.png', target: 1 },
      { hash: hashOf(bright), file: null, target: 1 },
    ]
    await layOutPictures({ pictures, places, size: SIZE }, { folder: path(), part: 'train' }, () => {})
    const array = await readFile(path('train.npy'))
    const header = npyHeader('uint8', [3, 8, 8, 3])
    expect(array.subarray(0, header.length).equals(header)).toBe(true)
    const values = array.subarray(header.length)
    expect([values.length, values[0], values[192], values[384]]).toEqual([3 * 192, 10, 200, 200])
    const labels = await readFile(path('train-labels.npy'))
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
    const read = () => readPictureModel('python train.py', path())
    await expect(read()).rejects.toThrow('there is no model.json')
    await put('model.json', Buffer.from('{"input":"pixels"}'))
    await expect(read()).rejects.toMatchObject({ code: 'ORRERY_PIPELINES_PICTURE_MODEL_UNDESCRIBED' })
    await put('model.json', Buffer.from('{"input":"x","layout":"NCHW","mean":[0.5,0.5,0.5],"std":[1,1,1]}'))
    expect(await read()).toMatchObject({ input: 'x', answers: [] })
  })
})
