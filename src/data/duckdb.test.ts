import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { withDuck } from './duckdb.ts'
import { testFolder } from './tables.fixture.ts'

const folder = testFolder()

it('spills what does not fit its memory into the folder it was given, and clears it away', async () => {
  const options = { folders: [folder.path()], spillTo: folder.path(), memoryMb: 64, threads: 1 }
  let spilled: string[] = []
  await withDuck(options, async (duck) => {
    await duck.run('CREATE TABLE t AS SELECT i, hash(i) AS h FROM range(8000000) x(i)')
    spilled = await readdir(folder.path())
    const { sum } = await duck.row<{ sum: number }>('SELECT sum(i)::BIGINT AS sum FROM t')
    expect(sum).toBe(31_999_996_000_000)
  })
  expect(spilled).toEqual([expect.stringMatching(/^orrery-duckdb-/)])
  expect(await readdir(folder.path())).toEqual([])
})

it('says so when even that is not enough', async () => {
  const sorting = withDuck({ folders: [folder.path()], memoryMb: 16, threads: 1 }, (duck) =>
    duck.row('SELECT list(i ORDER BY hash(i)) AS l FROM range(8000000) x(i)'),
  )
  await expect(sorting).rejects.toMatchObject({ code: 'ORRERY_DATA_MEMORY_EXCEEDED', details: { limitMb: 16 } })
})

it('reads and writes only where it may, and cannot be talked out of it', async () => {
  const outside = fileURLToPath(new URL('../../package.json', import.meta.url))
  await withDuck({ folders: [folder.path('.')] }, async (duck) => {
    await expect(duck.run(`SELECT * FROM read_csv('${outside}')`)).rejects.toThrow(/Permission Error/)
    await expect(duck.run(`COPY (SELECT 1) TO '${tmpdir()}/orrery-outside.csv'`)).rejects.toThrow(/Permission Error/)
    await expect(duck.run('SET enable_external_access = true')).rejects.toThrow()
    await expect(duck.run('INSTALL httpfs')).rejects.toThrow()
  })
})
