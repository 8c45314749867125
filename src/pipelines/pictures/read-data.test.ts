import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { readFrame } from '#data'
import { runInChild } from '#platform/process'
import { PICTURE_COLUMNS } from '#projects'
import type { FreshRow, ReadDataInput, ReadDataOutput } from '../workers/read-data.ts'

/** The data step's child on a folder of pictures, and on what a camera saw and people labelled since. */
describe('reading a folder of pictures and the frames served since', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-read-pictures-'))
    for (const [pet, value] of Object.entries({ cat: 20, dog: 200 })) {
      await mkdir(join(folder, 'pets', pet), { recursive: true })
      for (let i = 0; i < 30; i++)
        await writeFile(
          join(folder, 'pets', pet, `${i}.png`),
          await sharp({ create: { width: 8, height: 8, channels: 3, background: { r: value + i, g: 0, b: 9 } } })
            .png()
            .toBuffer(),
        )
    }
  })
  afterAll(() => rm(folder, { recursive: true }))

  const read = async (name: string, given: Partial<ReadDataInput>, fresh: FreshRow[]) => {
    const path = join(folder, `${name}.jsonl`)
    await writeFile(path, fresh.map((row) => `${JSON.stringify(row)}\n`).join(''))
    const input: ReadDataInput = {
      folder: join(folder, name),
      project: folder,
      set: {
        source: 'pets',
        pictures: { width: 8, height: 8, channels: 3, fit: 'fill' },
        label: 'pet',
        id: PICTURE_COLUMNS.id,
        ignore: [...PICTURE_COLUMNS.others],
        split: { by: 'stratified', train: 0.6, validation: 0.2, test: 0.2, seed: 0 },
        expect: [],
      },
      views: [],
      parent: null,
      readSource: true,
      fresh: { path, rows: fresh.length, known: 0, from: 'predictions of gate' },
      ...given,
    } as ReadDataInput
    await mkdir(input.folder, { recursive: true })
    return runInChild<ReadDataOutput>(new URL('../workers/read-data.ts', import.meta.url), input, {
      what: 'Reading',
      timeoutMs: 120_000,
      memoryMb: 512,
    })
  }
  const frame = (picture: string, pet: string): FreshRow => ({
    eventTime: 1,
    record: {
      picture,
      width: 8,
      height: 8,
      brightness: 0.5,
      contrast: 0.1,
      sharpness: 9,
      light: 'bright',
      focus: 'blurred',
      pet,
    },
  })

  it('has a row per picture, and takes a served one once and only when it is new', async () => {
    const first = await read('first', {}, [])
    expect(first.table).toMatchObject({ rows: 60, source: { source: 'pets' } })
    const { frame: stored } = await readFrame(first.table!.parquetPath, { columns: ['picture'] })
    const [column] = stored.columns
    const known = column?.kind === 'categorical' ? column.categories[0]! : ''
    const seen = [
      frame(known, 'cat'),
      frame(`sha256:${'a'.repeat(64)}`, 'dog'),
      frame(`sha256:${'a'.repeat(64)}`, 'dog'),
    ]
    expect((await read('again', {}, seen)).table).toMatchObject({ rows: 61 })

    const parent = { parquet: first.table!.parquetPath, schema: first.table!.schema, base: first.base }
    const since = { parent, readSource: false }
    expect(await read('since', since, seen)).toMatchObject({ unchanged: false, added: 1, table: { rows: 61 } })
    expect(await read('nothing', since, [frame(known, 'cat')])).toMatchObject({ unchanged: true, table: null })
  })
})
