import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withDuck } from '#data'
import { literal } from './rows.ts'
import { openTarget, parseTarget, refuseTaken, type TargetAddress, withoutPassword } from './target.ts'

describe('where a batch goes', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-target-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is a file, or a table of a database', () => {
    expect(parseTarget('a/b.parquet', 't')).toEqual({ kind: 'parquet', path: 'a/b.parquet' })
    expect(parseTarget('sqlite:a.db', 't')).toEqual({ kind: 'sqlite', path: 'a.db', table: 't' })
    expect(parseTarget('sqlite:///a.db', 't')).toEqual({ kind: 'sqlite', path: '/a.db', table: 't' })
    expect(parseTarget('postgres://u@h/d', 't')).toMatchObject({ kind: 'postgres', table: 't' })
    for (const none of ['a.csv', 'mysql://u:secret@h/d', 's3://b/k.parquet', ''])
      expect(() => parseTarget(none, 't')).toThrow('is no output')
  })

  it('is never told with its password', () => {
    expect(withoutPassword('postgres://u:se:cret@h/d')).toBe('postgres://u:***@h/d')
    expect(() => parseTarget('mysql://u:secret@h/d', 't')).toThrow(/^(?!.*secret)/)
  })

  it('is refused where it is taken, or has no folder', async () => {
    const path = join(folder, 'there.parquet')
    await writeFile(path, '')
    const code = 'ORRERY_BATCH_TARGET_INVALID'
    await expect(refuseTaken({ kind: 'parquet', path }, false)).rejects.toMatchObject({ code })
    await expect(refuseTaken({ kind: 'parquet', path }, true)).resolves.toBeUndefined()
    const nowhere = { kind: 'parquet', path: join(folder, 'no', 'x.parquet') } as const
    await expect(refuseTaken(nowhere, true)).rejects.toMatchObject({ code })
  })

  it('takes variables of the server that are meant for it, and no others', async () => {
    process.env.ORRERY_BATCH_TEST_PASSWORD = 'p@ss'
    process.env.ORRERY_TEST_OTHER = 'secret'
    const open = (url: string) => openTarget({ kind: 'postgres', url, table: 't' }, 'job', folder)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that a project file writes.
    await expect(open('postgres://u:${ORRERY_TEST_OTHER}@127.0.0.1:1/d')).rejects.toThrow('is not set')
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that a project file writes.
    await expect(open('postgres://u:${ORRERY_BATCH_TEST_PASSWORD}@127.0.0.1:1/d')).rejects.not.toThrow('is not set')
    delete process.env.ORRERY_BATCH_TEST_PASSWORD
    delete process.env.ORRERY_TEST_OTHER
  })

  it.each(['parquet', 'sqlite'] as const)('has a part once, however often it is committed: %s', async (kind) => {
    const path = join(folder, kind === 'sqlite' ? 'parts.db' : 'parts.parquet')
    const address: TargetAddress = kind === 'sqlite' ? { kind, path, table: 'predictions' } : { kind, path }
    const job = `job-${kind}`
    const work = join(folder, kind)
    await withDuck({ folders: [folder] }, async (duck) => {
      for (let attempt = 0; attempt < 2; attempt++) {
        // Opened again, as after a kill.
        const target = await openTarget(address, job, work)
        expect([...(await target.committed()).keys()].sort()).toEqual(attempt === 0 ? [] : [0, 1])
        for (const part of [1, 0])
          await target.commit(
            duck,
            `SELECT ${literal(`${job}.${part}`)} AS prediction_id, ${part}.5::DOUBLE AS value`,
            {
              ...{ part, rows: 1, setAside: 0, reasons: {} },
            },
          )
        await target.close()
      }
      const target = await openTarget(address, job, work)
      await target.finish(duck)
      await target.close()
      if (kind === 'parquet')
        expect(await duck.rows(`SELECT prediction_id, value FROM read_parquet(${literal(path)})`)).toEqual([
          { prediction_id: `${job}.0`, value: 0.5 },
          { prediction_id: `${job}.1`, value: 1.5 },
        ])
      else {
        const { DatabaseSync } = await import('node:sqlite')
        const database = new DatabaseSync(path)
        expect(database.prepare('SELECT count(*) AS n, sum(value) AS sum FROM predictions').get()).toEqual({
          ...{ n: 2, sum: 2 },
        })
        database.close()
      }
    })
  })
})
