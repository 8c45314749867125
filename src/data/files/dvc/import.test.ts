import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkoutDataset } from '../checkout.ts'
import { knownPointerAt } from '../dataset.ts'
import { openWorkshop, type Workshop } from '../datasets.fixture.ts'
import { importDvc } from './import.ts'

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

describe('datasets of DVC', () => {
  let shop: Workshop
  beforeEach(() => {
    shop = openWorkshop()
  })
  afterEach(() => shop.remove())

  /** Writes a blob as DVC's cache has it, in the layout of one of its versions. */
  const cache = (root: string, hash: string, content: string) =>
    shop.write(`${root}/${hash.slice(0, 2)}/${hash.slice(2)}`, content)
  const folderOf = (files: Record<string, string>) =>
    JSON.stringify(Object.entries(files).map(([relpath, content]) => ({ md5: md5(content), relpath })))

  it('of version 3 come from its cache, folders and files alike', async () => {
    const files = { 'a.txt': 'one', 'deep/ü\nb': 'two', 'copy.txt': 'one' }
    const list = folderOf(files)
    for (const content of Object.values(files)) cache('.dvc/cache/files/md5', md5(content), content)
    cache('.dvc/cache/files/md5', `${md5(list)}.dir`, list)
    shop.write('data/pics.dvc', `outs:\n- md5: ${md5(list)}.dir\n  size: 9\n  nfiles: 3\n  hash: md5\n  path: pics\n`)
    cache('.dvc/cache/files/md5', md5('model'), 'model')
    shop.write(
      'dvc.lock',
      `schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n    - path: out/model\n      hash: md5\n      md5: ${md5('model')}\n      size: 5\n`,
    )
    const { imported, skipped } = await importDvc(shop.home, shop.folder)
    expect(skipped).toEqual([])
    expect(imported).toMatchObject([
      { dataset: 'data/pics', files: 3, bytes: 9 },
      { dataset: 'out/model', files: 1 },
    ])
    for (const path of ['data/pics', 'out/model'])
      await checkoutDataset(shop.home, shop.place(path), knownPointerAt(shop.place(path)))
    for (const [name, content] of Object.entries(files))
      expect(readFileSync(join(shop.folder, 'data/pics', name), 'utf8')).toBe(content)
    expect(readFileSync(join(shop.folder, 'out/model'), 'utf8')).toBe('model')
  })

  it('of version 2 are known by the hash of their lines, from a cache or a folder remote elsewhere', async () => {
    const dos = 'a\r\nb\r\n'
    cache('store', md5('a\nb\n'), dos)
    shop.write('.dvc/config', '[core]\n    remote = up\n[\'remote "up"\']\n    url = ../store\n')
    shop.write('table.csv.dvc', `outs:\n- md5: ${md5('a\nb\n')}\n  size: 6\n  path: table.csv\n`)
    shop.write('sub/in.dvc', `wdir: ..\nouts:\n- md5: ${md5('a\nb\n')}\n  path: other.csv\n`)
    const { imported } = await importDvc(shop.home, shop.folder)
    expect(imported.map((one) => one.dataset)).toEqual(['other.csv', 'table.csv'])
    await checkoutDataset(shop.home, shop.place('table.csv'), knownPointerAt(shop.place('table.csv')))
    expect(readFileSync(join(shop.folder, 'table.csv'), 'utf8')).toBe(dos)
  })

  it('come from the working tree where the cache has lost them, and are left where nothing has their bytes', async () => {
    shop.write('kept.bin', 'whole')
    shop.write('kept.bin.dvc', `outs:\n- md5: ${md5('whole')}\n  hash: md5\n  path: kept.bin\n`)
    shop.write('damaged.bin', 'damaged')
    cache('.dvc/cache/files/md5', md5('right'), 'wrong')
    shop.write('damaged.bin.dvc', `outs:\n- md5: ${md5('right')}\n  hash: md5\n  path: damaged.bin\n`)
    shop.write('cloud.dvc', 'outs:\n- path: s3://bucket/x\n  etag: abc\n')
    shop.write('up.dvc', `outs:\n- md5: ${md5('whole')}\n  hash: md5\n  path: ../../outside\n`)
    const { imported, skipped } = await importDvc(shop.home, shop.folder)
    expect(imported.map((one) => one.dataset)).toEqual(['kept.bin'])
    expect(skipped).toMatchObject([
      { path: 's3://bucket/x', why: 'outside of the repository' },
      { path: 'damaged.bin', why: expect.stringContaining('nowhere on this machine') },
      { path: '../../outside', why: 'outside of the repository' },
    ])
  })

  it('with a list that leads out of its folder, or that is no list, are refused', async () => {
    const list = folderOf({ '../../evil': 'x' })
    cache('.dvc/cache/files/md5', `${md5(list)}.dir`, list)
    shop.write('pics.dvc', `outs:\n- md5: ${md5(list)}.dir\n  hash: md5\n  path: pics\n`)
    await expect(importDvc(shop.home, shop.folder)).rejects.toMatchObject({ code: 'ORRERY_DATA_DVC_UNREADABLE' })
    rmSync(join(shop.folder, 'pics.dvc'))
    shop.write('x.dvc', 'outs: [\n')
    await expect(importDvc(shop.home, shop.folder)).rejects.toMatchObject({ code: 'ORRERY_DATA_DVC_UNREADABLE' })
  })
})
