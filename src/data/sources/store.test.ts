import { expect, it } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import type { SourceCheck } from './contract.ts'
import {
  checksOf,
  dropCheck,
  endUpload,
  insertUpload,
  keepCheck,
  keepPoll,
  keepValidators,
  polledAt,
  type StoredUpload,
  sourceMigrations,
  uploadById,
  uploadsOf,
  validatorsOf,
} from './store.ts'

const check = (message: string, checkedAt: number): SourceCheck => ({
  ...{ state: 'available', message, code: null, hint: null, changedAt: 17.5, bytes: 3e10, files: 1 },
  ...{ checkedAt, tookMs: 4 },
})
const upload = (id: string, more: Partial<StoredUpload> = {}): StoredUpload => ({
  ...{ id, project: 'p', dataset: 'd', name: `${id} ä "q".csv`, blobHash: 'sha256:00', bytes: 2 ** 40 },
  ...{ by: 'somebody', at: 1.7e12, version: null, failed: false, ...more },
})

onEveryDatabase('what is kept of sources', sourceMigrations, (storage) => {
  it('is the last check of each, until it is asked again', async () => {
    await storage().write(async (tx) => {
      await keepCheck(tx, 'p', 'd', check('first', 1))
      await keepCheck(tx, 'p', 'd', check('second', 1.7e12))
      await keepCheck(tx, 'other', 'd', check('elsewhere', 3))
    })
    expect(await checksOf(storage(), 'p')).toEqual(new Map([['d', check('second', 1.7e12)]]))
    await storage().write((tx) => dropCheck(tx, 'p', 'd'))
    expect((await checksOf(storage(), 'p')).size).toBe(0)
    expect((await checksOf(storage(), 'other')).size).toBe(1)
  })

  it('is when each was read because its time had come, and what it said of its content then', async () => {
    expect(await polledAt(storage(), 'p', 'd')).toBeUndefined()
    const validators = { etag: '"a\\"b"', modified: null, bytes: 17, spec: 'x' }
    await storage().write(async (tx) => {
      await keepPoll(tx, 'p', 'd', 1.7e12)
      await keepValidators(tx, 'p', 'd', validators)
      await keepValidators(tx, 'p', 'never polled', validators)
    })
    expect(await validatorsOf(storage(), 'p', 'd')).toEqual(validators)
    expect(await validatorsOf(storage(), 'p', 'never polled')).toBeUndefined()
    // The time of the next one forgets nothing; a source that says nothing any more does.
    await storage().write((tx) => keepPoll(tx, 'p', 'd', 1.8e12))
    expect(await polledAt(storage(), 'p', 'd')).toBe(1.8e12)
    expect(await validatorsOf(storage(), 'p', 'd')).toEqual(validators)
    await storage().write((tx) => keepValidators(tx, 'p', 'd', undefined))
    expect(await validatorsOf(storage(), 'p', 'd')).toBeUndefined()
  })

  it('are uploads, newest first, with what became of each', async () => {
    await storage().write(async (tx) => {
      for (const id of ['a', 'b', 'c']) await insertUpload(tx, upload(id))
      await insertUpload(tx, upload('e', { dataset: 'other' }))
      await endUpload(tx, 'a', { version: 'v1' })
      await endUpload(tx, 'c', { failed: true })
    })
    const ids = async (limit: number, onlyGood?: boolean) =>
      (await uploadsOf(storage(), 'p', 'd', limit, onlyGood)).map((one) => one.id)
    expect(await ids(10)).toEqual(['c', 'b', 'a'])
    expect(await ids(2)).toEqual(['c', 'b'])
    expect(await ids(10, true)).toEqual(['b', 'a'])
    expect(await uploadById(storage(), 'a')).toEqual(upload('a', { version: 'v1' }))
    expect(await uploadById(storage(), 'nobody')).toBeUndefined()
  })

  it('is gone with a transaction that fails', async () => {
    const failing = storage().write(async (tx) => {
      await insertUpload(tx, upload('z'))
      throw new Error('the disk is full')
    })
    await expect(failing).rejects.toThrow('the disk is full')
    expect(await uploadById(storage(), 'z')).toBeUndefined()
  })
})
