import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { grey, pictureFolder } from '../../../tests/support/picture-folder.ts'
import { listPictures } from './list-pictures.ts'

const SIZE = { width: 8, height: 8, channels: 3, fit: 'fill' } as const
const { path, put } = pictureFolder()

describe('listPictures', () => {
  const list = async () => {
    const target = path('rows.jsonl')
    const listed = await listPictures({ folder: path(), source: 'pets', label: 'pet', size: SIZE }, target, () => {})
    const lines = (await readFile(target, 'utf8')).trimEnd().split('\n')
    return { listed, rows: lines.map((line) => JSON.parse(line)) }
  }

  it('is a row per picture: its hash, size, statistics, look, and the folder it lies in', async () => {
    await put('pets/dog/b.png', await grey(240))
    await put('pets/cat/a.PNG', await grey(20))
    await put('pets/cat/notes.txt', Buffer.from('no picture'))
    const { listed, rows } = await list()
    expect(listed).toMatchObject({ pictures: 2, broken: [] })
    expect(rows.map(({ file, pet, light }) => [file, pet, light])).toEqual([
      ['cat/a.PNG', 'cat', 'dark'],
      ['dog/b.png', 'dog', 'bright'],
    ])
    expect(rows[0]).toMatchObject({ width: 16, height: 16, brightness: 20 / 255, contrast: 0, sharpness: 0 })
  })

  it('leaves out a broken file or two with a word, and refuses a broken folder', async () => {
    for (let i = 0; i < 150; i++) await put(`pets/cat/${i}.png`, await grey(i))
    await put('pets/cat/broken.png', (await grey(1)).subarray(0, 40))
    const { listed } = await list()
    expect(listed).toMatchObject({ pictures: 150, broken: [{ file: 'cat/broken.png' }] })
    await put('pets/cat/broken.jpg', Buffer.from('GIF89a'))
    await expect(list()).rejects.toMatchObject({ code: 'ORRERY_DATA_PICTURES_BROKEN' })
  })

  it('says that there are none', async () => {
    await expect(list()).rejects.toMatchObject({ code: 'ORRERY_DATA_NO_LABELLED_PICTURES' })
  })
})
