import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { addDataset } from './add.ts'
import { openWorkshop, type Workshop } from './datasets.fixture.ts'
import { type FileDatasets, openFileDatasets } from './file-datasets.ts'
import { fileMigrations } from './migrations.ts'

onEveryDatabase('datasets of files, as a server sees them', [...eventMigrations, ...fileMigrations], (storage) => {
  let shop: Workshop
  let files: FileDatasets
  const open = async () => {
    const blobs = await openBlobFolder(shop.home.blobs)
    const events = openEvents({ storage: storage(), clock: systemClock, log: openLog({ level: 'silent' }) })
    return openFileDatasets({ storage: storage(), blobs, events, ledger: shop.home.ledger })
  }
  beforeAll(async () => {
    shop = openWorkshop()
    shop.write('orrery.yaml', 'project: zoo # of animals\n')
    files = await open()
  })
  afterAll(() => shop.remove())

  it('are there as soon as a command has made them, with their files', async () => {
    expect(await files.datasets('zoo')).toEqual([])
    for (let i = 0; i < 5; i++) shop.write(`data/pictures/${i}`, `${i}`)
    const first = await addDataset(shop.home, shop.place('data/pictures'))
    shop.write('data/pictures/5', 'five')
    const second = await addDataset(shop.home, shop.place('data/pictures'))
    const [dataset] = await files.datasets('zoo')
    expect(dataset).toMatchObject({
      name: 'data/pictures',
      versions: 2,
      latest: { version: second.version, parent: first.version, files: 6, bytes: 9, how: 'add' },
    })
    const versions = await files.versions('zoo', 'data/pictures', { limit: 10, offset: 0 })
    expect(versions.map((version) => version.version)).toEqual([second.version, first.version])
    const page = await files.files(versions[0]!.id, { limit: 2, offset: 4 })
    expect(page).toMatchObject([
      { path: '4', size: 1 },
      { path: '5', size: 4 },
    ])
    expect(await files.datasets('another')).toEqual([])
  })

  it('are taken over once, also by a server that starts later, and past a torn line', async () => {
    const text = readFileSync(shop.home.ledger, 'utf8')
    writeFileSync(shop.home.ledger, `${text}\n{"dataset":"torn`)
    const later = await open()
    expect((await later.datasets('zoo')).map((dataset) => dataset.versions)).toEqual([2])
    await addDataset(shop.home, shop.place('orrery.yaml'))
    expect((await later.datasets('zoo')).map((dataset) => dataset.name)).toEqual(['data/pictures', 'orrery.yaml'])
  })

  it('that it does not know are a clear error', async () => {
    await expect(files.files('nothing', { limit: 1, offset: 0 })).rejects.toMatchObject({
      code: 'ORRERY_DATA_NO_SUCH_VERSION',
    })
  })
})
