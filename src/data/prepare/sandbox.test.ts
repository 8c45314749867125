import { mkdir, readdir } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { runInChild } from '#platform/process'
import { PrepareStep } from '#projects/contract'
import { splitBy, testFolder } from '../tables.fixture.ts'
import type { RecipePreview } from './contract.ts'
import type { PreviewWork } from './preview-worker.ts'
import { runTableSteps } from './table-steps.ts'

/* SQL that means harm, through the process that runs it. */

const folder = testFolder()
let parquetPath = ''

beforeAll(async () => {
  const rows = Array.from({ length: 300 }, (_, i) => `${i},${(i * 37) % 101},${i % 3 === 0 ? 'yes' : 'no'}`)
  await folder.write('orders.csv', `n,amount,y\n${rows.join('\n')}\n`)
  await folder.write('secret.csv', 'password\nhunter2\n')
  parquetPath = (await folder.ingest({ source: 'orders.csv' })).parquetPath
})

async function preview(sql: string): Promise<RecipePreview> {
  const target = folder.target()
  await mkdir(target)
  const work: PreviewWork = {
    dataset: 'orders',
    spec: { source: 'orders.csv', label: 'y', split: splitBy('random'), prepare: [PrepareStep.parse({ sql })] },
    others: {},
    tables: {},
    project: folder.path(),
    folder: target,
  }
  return runInChild<RecipePreview>(new URL('./preview-worker.ts', import.meta.url), work, {
    what: 'Trying SQL out',
    timeoutMs: 8_000,
    memoryMb: 512,
    residentMb: 1_400,
  })
}

it('runs what means none', { timeout: 60_000 }, async () => {
  const { problem, after } = await preview('SELECT *, amount * 2 AS twice FROM orders')
  expect(problem).toBeNull()
  expect(after.columns).toEqual(['n', 'amount', 'twice'].filter((column) => after.columns.includes(column)))
  expect(after.columns).toContain('twice')
})

describe('refuses before it runs', () => {
  const attacks = [
    `SELECT * FROM read_csv('secret.csv')`,
    `SELECT * FROM 'secret.csv'`,
    `SELECT * FROM "secret.csv"`,
    `SELECT *, (SELECT content FROM read_text('/etc/passwd')) AS p FROM orders`,
    `SELECT * FROM read_blob('/etc/passwd')`,
    `SELECT * FROM glob('/*')`,
    `SELECT * FROM read_parquet('https://example.org/a.parquet')`,
    `SELECT *, getenv('HOME') AS home FROM orders`,
    `SELECT *, current_setting('temp_directory') AS t FROM orders`,
    `SELECT *, getvariable('x') AS t FROM orders`,
    `SELECT *, current_user AS me FROM orders`,
    `SELECT *, random() AS r FROM orders`,
    `SELECT *, uuid() AS r FROM orders`,
    `SELECT *, now() AS r FROM orders`,
    `SELECT *, current_timestamp AS r FROM orders`,
    `SELECT *, sleep_ms(100000) AS r FROM orders`,
    `SELECT * FROM duckdb_settings()`,
    `SELECT * FROM duckdb_secrets()`,
    `SELECT * FROM pragma_database_list()`,
    `SELECT * FROM information_schema.tables`,
    `SELECT * FROM query('SELECT 1')`,
    `SELECT * FROM json_execute_serialized_sql('x')`,
    `SELECT * FROM sniff_csv('secret.csv')`,
    `SELECT * FROM orders; SELECT 1`,
    `ATTACH 'x.db'`,
    `COPY orders TO 'out.csv'`,
    `COPY (SELECT * FROM orders) TO '/tmp/out.csv'`,
    `INSTALL httpfs`,
    `LOAD httpfs`,
    `SET memory_limit = '100GB'`,
    `PRAGMA database_list`,
    `CREATE TABLE x AS SELECT 1`,
    `INSERT INTO orders VALUES (1, 2, 'no')`,
    `DROP VIEW orders`,
    `EXPORT DATABASE 'x'`,
    `CALL duckdb_settings()`,
    `DESCRIBE orders`,
    `SHOW TABLES`,
    `SELECT * FROM orders) TO 'out.csv' (FORMAT csv); COPY (SELECT 1`,
    `SELECT 1) --`,
  ]
  it.each(attacks)('%s', async (sql) => {
    const work = { dataset: 'orders', spec: {}, steps: [PrepareStep.parse({ sql })], others: new Map() }
    const target = folder.target()
    await mkdir(target)
    await expect(runTableSteps({ ...work, parquetPath, folder: target })).rejects.toMatchObject({
      code: 'ORRERY_DATA_STEP_REFUSED',
      message: expect.not.stringContaining('hunter2'),
    })
    expect(await readdir(target)).toEqual([])
  })

  it('in a process of its own, too, and says in which step', { timeout: 60_000 }, async () => {
    const { problem } = await preview(`SELECT * FROM read_csv('secret.csv')`)
    expect(problem).toMatchObject({ step: 0, code: 'ORRERY_DATA_STEP_REFUSED' })
  })
})

describe('ends what takes more than it may', () => {
  it.each([
    [
      'rows without end',
      'WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT o.*, i FROM orders o, r',
    ],
    [
      'a product of tables',
      'SELECT count(*) AS c, a.n FROM orders a, orders b, orders c, orders d, orders e GROUP BY a.n',
    ],
    ['huge texts', `SELECT *, length(repeat('x', 2000000000) || n) AS l FROM orders`],
  ])('%s', { timeout: 90_000 }, async (_, sql) => {
    const outcome = await preview(sql).then(
      ({ problem }) => problem?.code ?? 'nothing',
      (error: { code?: string }) => error.code,
    )
    expect([
      'ORRERY_STEP_TOO_LARGE',
      'ORRERY_STEP_TIMED_OUT',
      'ORRERY_DATA_STEP_REFUSED',
      'ORRERY_DATA_MEMORY_EXCEEDED',
    ]).toContain(outcome)
  })
})
