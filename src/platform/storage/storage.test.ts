import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import { batched, type Migration, openSqlite, openStatements, tables } from './index.ts'

interface Tables {
  notes: { id: number; text: string; at: number; share: number }
}

const notes: Migration = {
  name: 'notes-001',
  up: async (db) => {
    await db.schema
      .createTable('notes')
      .addColumn('id', 'integer', (c) => c.primaryKey())
      .addColumn('text', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('share', 'double precision', (c) => c.notNull())
      .execute()
  },
}

const note = (id: number) => ({ id, text: `note ${id}`, at: 1_700_000_000_000 + id, share: 0.1 + id })

onEveryDatabase('storage', [notes], (storage) => {
  const all = () => storage().reads<Tables>().selectFrom('notes').selectAll().orderBy('id').execute()
  const insert = (id: number) =>
    storage().write(async (tx) => {
      await tables<Tables>(tx).insertInto('notes').values(note(id)).execute()
      return id
    })

  it('gives back what was written, with numbers as numbers', async () => {
    await insert(1)
    expect(await all()).toEqual([note(1)])
  })

  it('undoes a write that throws, and only that one', async () => {
    const written = [10, 11, 12].map((id) =>
      storage().write(async (tx) => {
        await tables<Tables>(tx).insertInto('notes').values(note(id)).execute()
        if (id === 11) throw new Error('no')
        return id
      }),
    )
    const outcomes = await Promise.allSettled(written)
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await all()).map((row) => row.id)).toEqual([1, 10, 12])
  })

  it('undoes a write that breaks a constraint without harming those beside it', async () => {
    const outcomes = await Promise.allSettled([insert(20), insert(20), insert(21)])
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  })

  it('reads what was committed, not what is under way', async () => {
    await storage().write(async (tx) => {
      await tables<Tables>(tx).insertInto('notes').values(note(30)).execute()
      expect((await all()).some((row) => row.id === 30)).toBe(false)
    })
    expect((await all()).some((row) => row.id === 30)).toBe(true)
  })

  it('calls a listener once per transaction, after the commit', async () => {
    const seen: boolean[] = []
    const listener = () => void all().then((rows) => seen.push(rows.some((row) => row.id === 40)))
    await storage().write(async (tx) => {
      storage().afterCommit(tx, listener)
      storage().afterCommit(tx, listener)
      await tables<Tables>(tx).insertInto('notes').values(note(40)).execute()
    })
    await expect.poll(() => seen).toEqual([true])
  })

  it('finds texts by a pattern, telling upper and lower case apart or not', async () => {
    const texts = ['a*b', 'a-b', 'A*B', 'a\\b', 'a%b', 'a[b', 'ab']
    for (const [i, text] of texts.entries())
      await storage().write((tx) =>
        tables<Tables>(tx)
          .insertInto('notes')
          .values({ ...note(50 + i), text })
          .execute(),
      )
    const { like } = storage().capabilities
    const matching = async (pattern: string, ignoreCase = false) => {
      const found = storage().reads<Tables>().selectFrom('notes').select('text').where('id', '>=', 50)
      const rows = await found
        .where('id', '<', 60)
        .where(like(sql.ref('text'), pattern, { ignoreCase }))
        .orderBy('id')
        .execute()
      return rows.map((row) => row.text)
    }
    expect(await matching('a*%')).toEqual(['a*b'])
    expect(await matching('a*%', true)).toEqual(['a*b', 'A*B'])
    expect(await matching('a_b')).toEqual(['a*b', 'a-b', 'a\\b', 'a%b', 'a[b'])
    expect(await matching('a[%')).toEqual(['a[b'])
    expect(await matching('a\\%')).toEqual(['a\\b'])
    expect(await matching('%B')).toEqual(['A*B'])
  })

  it('applies a migration once', async () => {
    await storage().migrate([notes])
    expect((await all()).length).toBeGreaterThan(0)
  })

  it('says which migration failed and leaves nothing of it', async () => {
    const broken: Migration = {
      name: 'broken-001',
      up: async (db) => {
        await db.schema.createTable('half').addColumn('id', 'integer').execute()
        throw new Error('half way')
      },
    }
    await expect(storage().migrate([notes, broken])).rejects.toThrow('broken-001')
    await expect(
      storage().migrate([
        notes,
        {
          ...broken,
          up: async (db) => void (await db.schema.createTable('half').addColumn('id', 'integer').execute()),
        },
      ]),
    ).resolves.toBeUndefined()
  })

  it('writes together what is asked for at once, and refuses only what the flush refuses', async () => {
    const sizes: number[] = []
    const write = batched<number>(storage(), async (tx, ids) => {
      sizes.push(ids.length)
      const taken = ids.filter((id) => id % 10 !== 3)
      await tables<Tables>(tx).insertInto('notes').values(taken.map(note)).execute()
      return ids.map((id) => (id % 10 === 3 ? new Error(`no ${id}`) : undefined))
    })
    const ids = Array.from({ length: 300 }, (_, i) => 2_000 + i)
    const outcomes = await Promise.allSettled(ids.map(write))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.message] : []))
    expect(refused).toEqual(ids.filter((id) => id % 10 === 3).map((id) => `no ${id}`))
    expect((await all()).filter((row) => row.id >= 2_000)).toHaveLength(270)
    expect(sizes.sort()).toEqual([256, 44])
  })

  it('refuses a whole batch whose flush throws, writes nothing of it and goes on', async () => {
    const write = batched<number>(storage(), async (tx, ids) => {
      await tables<Tables>(tx).insertInto('notes').values(ids.map(note)).execute()
      if (ids.includes(3_001)) throw new Error('the disk says no')
      return []
    })
    const outcomes = await Promise.allSettled([write(3_000), write(3_001)])
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected'])
    await write(3_002)
    expect((await all()).map((row) => row.id).filter((id) => id >= 3_000)).toEqual([3_002])
  })

  it('runs one statement for any number of tuples', async () => {
    const { runMany } = openStatements()
    const ids = Array.from({ length: 150 }, (_, i) => 4_000 + i)
    await storage().write((tx) =>
      runMany(
        tx,
        'insert',
        (rows) => sql`insert into notes (id, text, at, share) values ${rows}`,
        4,
        ids.flatMap((id) => Object.values(note(id))),
      ),
    )
    const found = await storage().write((tx) =>
      runMany<{ id: number }>(tx, 'find', (rows) => sql`select id from notes where id in (${rows})`, 1, [
        ...ids,
        9_999,
      ]),
    )
    expect(found.map((row) => row.id).sort()).toEqual(ids)
  })

  it('keeps every one of many concurrent writes', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => 1_000 + i)
    await Promise.all(ids.map(insert))
    expect((await all()).filter((row) => row.id >= 1_000 && row.id < 1_500)).toHaveLength(500)
    expect(storage().pendingWrites()).toBe(0)
  })
})

it('refuses writes once it is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-closed-'))
  const storage = await openSqlite({ file: join(folder, 'a.db'), durability: 'process' })
  await storage.close()
  await expect(storage.write(async () => 1)).rejects.toMatchObject({ code: 'ORRERY_STORAGE_CLOSED' })
  await rm(folder, { recursive: true })
})
