import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBlobFolder } from './index.ts'

describe('a blob folder', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-blobs-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('names bytes by their hash and gives them back', async () => {
    const blobs = await openBlobFolder(folder)
    const stored = await blobs.put(Buffer.from('hello'))
    expect(stored).toEqual({ hash: 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', size: 5 })
    expect((await blobs.get(stored.hash)).toString()).toBe('hello')
    expect(await blobs.put(Readable.from([Buffer.from('hel'), Buffer.from('lo')]))).toEqual(stored)
  })

  it('refuses bytes that were changed on disk', async () => {
    const blobs = await openBlobFolder(folder)
    const { hash } = await blobs.put(Buffer.from('hello'))
    await writeFile(await blobs.path(hash), 'HELLO')
    await expect(blobs.get(hash)).rejects.toMatchObject({ code: 'ORRERY_BLOB_DAMAGED' })
    await expect(blobs.path(hash)).rejects.toMatchObject({ code: 'ORRERY_BLOB_DAMAGED' })
  })

  it('says what is missing, and takes no name that is no hash', async () => {
    const blobs = await openBlobFolder(folder)
    await expect(blobs.get(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'ORRERY_BLOB_MISSING' })
    await expect(blobs.get('sha256:../../etc/passwd')).rejects.toMatchObject({ code: 'ORRERY_BLOB_MISSING' })
  })

  it('leaves nothing behind of a write that fails, or that a crash cut off', async () => {
    const blobs = await openBlobFolder(folder)
    const torn = Readable.from(
      (async function* () {
        yield Buffer.from('half')
        throw new Error('cut')
      })(),
    )
    await expect(blobs.put(torn)).rejects.toThrow('cut')
    expect(await readdir(join(folder, 'incoming'))).toEqual([])
    await writeFile(join(folder, 'incoming', 'from-a-crash'), 'half')
    await openBlobFolder(folder)
    expect(await readdir(join(folder, 'incoming'))).toEqual([])
  })
})
