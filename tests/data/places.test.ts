// biome-ignore-all lint/suspicious/noTemplateCurlyInString: so a secret is written in the project file.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { AwsV4Signer } from 'aws4fetch'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingestTable, readFrame } from '#data'
import type { DatasetSpec } from '#data/contract'
import { HAS_PYTHON } from '../support/python.ts'
import { HAS_MARIADB, startMariadb } from './real-databases.ts'
import { startFlaky, startS3 } from './real-remotes.ts'

let folder: string
let targets = 0
const read = (spec: Partial<DatasetSpec> & { source: string }) =>
  ingestTable({ spec, folder, target: join(folder, `out-${targets++}`) })
const code = (part: string) => ({ code: `ORRERY_DATA_${part}`, hint: expect.stringMatching(/\w+ .*[.]$/) })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-places-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function numbers(parquetPath: string, column: string) {
  const { frame } = await readFrame(parquetPath, { columns: [column] })
  return [...(frame.columns[0] as { values: Float64Array }).values]
}

/** Passes bytes on to a server until so many came back, then cuts the connection. */
async function cuttingProxy(port: number, afterBytes: number): Promise<Server & { port: number }> {
  const server = createServer((from: Socket) => {
    const to = connect(port, '127.0.0.1')
    let seen = 0
    from.pipe(to)
    to.on('data', (chunk) => {
      seen += chunk.length
      if (seen < afterBytes) from.write(chunk)
      else {
        from.destroy()
        to.destroy()
      }
    })
    for (const one of [from, to]) one.on('error', () => {})
    to.on('close', () => from.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(server, { port: (server.address() as AddressInfo).port })
}

const postgres = process.env.ORRERY_TEST_POSTGRES
describe.skipIf(!postgres)('PostgreSQL (ORRERY_TEST_POSTGRES)', { timeout: 60_000 }, () => {
  const database = `orrery_places_${process.pid}`
  let url: string
  const admin = async (statement: string, connectionString = postgres!) => {
    const client = new pg.Client({ connectionString })
    await client.connect()
    await client.query(statement)
    await client.end()
  }
  beforeAll(async () => {
    await admin(`CREATE DATABASE ${database}`)
    const address = new URL(postgres!)
    address.pathname = `/${database}`
    url = address.href
    await admin(
      `CREATE SCHEMA sales;
       CREATE TABLE sales.orders (id int, big bigint, price numeric(10, 2), rate float8, paid boolean, code text,
         kind text, at timestamptz, day date, tags text[], extra jsonb, note text);
       INSERT INTO sales.orders SELECT i, 9007199254740993 + i, i / 4.0, i / 3.0, i % 2 = 0, lpad(i::text, 5, '0'),
         (ARRAY['a', 'b "quoted", c', E'two\\nlines', NULL])[i % 4 + 1],
         '2024-01-01 12:00+02'::timestamptz + i * interval '1 hour', '2024-01-01'::date + i % 300, '{x}', '{}', ''
       FROM generate_series(1, 5000) i;
       CREATE TABLE nothing (a int);
       CREATE ROLE reader_${process.pid} LOGIN;`,
      url,
    )
  })
  afterAll(async () => {
    await admin(`DROP DATABASE ${database} WITH (FORCE)`)
    await admin(`DROP ROLE reader_${process.pid}`)
  })
  const ignore = ['tags', 'extra']

  it('gives a table, typed, every row, and nothing is written on the way', async () => {
    const { rows, schema, parquetPath, source, profile } = await read({
      source: url,
      table: 'sales.orders',
      ignore,
      time: ['at'],
    })
    expect(rows).toBe(5_000)
    expect(schema.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id identifier',
      'big identifier',
      'price numeric',
      'rate numeric',
      'paid categorical',
      'code identifier',
      'kind categorical',
      'at timestamp',
      'day timestamp',
      'note categorical',
    ])
    expect((await numbers(parquetPath, 'price')).slice(0, 3)).toEqual([0.25, 0.5, 0.75])
    expect(profile.time!.from).toBe(Date.UTC(2024, 0, 1, 11))
    expect(
      profile.columns
        .find(({ name }) => name === 'kind')!
        .categories!.top.map(({ value }) => value)
        .sort(),
    ).toEqual(['a', 'b "quoted", c', 'two\nlines'])
    expect(source).toMatchObject({ kind: 'taken', place: 'postgres', what: 'SELECT * FROM "sales"."orders"' })
    // What it came through is gone.
    expect(
      readdirSync(join(folder, `out-${targets - 1}`), { recursive: true }).filter((name) =>
        String(name).endsWith('.csv'),
      ),
    ).toEqual([])
  })

  it('gives the rows of a query in their order; the same rows are the same version', async () => {
    const query = 'SELECT id, rate FROM sales.orders WHERE paid -- a remark\n ORDER BY id DESC;'
    const [one, two] = [await read({ source: url, query }), await read({ source: url, query })]
    expect([one.rows, one.contentHash]).toEqual([2_500, two.contentHash])
    expect((await numbers(one.parquetPath, 'rate'))[0]).toBeCloseTo(5_000 / 3)
  })

  it.each<[string, Partial<DatasetSpec>, string]>([
    ['a syntax error', { query: 'SELEC 1' }, 'QUERY_FAILED'],
    ['no such table', { table: 'customers' }, 'QUERY_FAILED'],
    ['a write', { query: 'DELETE FROM nothing RETURNING a' }, 'QUERY_FAILED'],
    ['a write within', { query: 'WITH d AS (DELETE FROM nothing RETURNING a) SELECT * FROM d' }, 'QUERY_FAILED'],
    ['a way out', { query: 'SELECT 1) TO STDOUT; DROP TABLE nothing; COPY (SELECT 1' }, 'QUERY_FAILED'],
    ['an error half way', { query: 'SELECT 1 / (id - 4000) AS a FROM sales.orders' }, 'QUERY_FAILED'],
    ['an empty table', { table: 'nothing' }, 'TABLE_EMPTY'],
    ['lists', { table: 'sales.orders', ignore: ['extra'] }, 'COLUMN_UNSUPPORTED'],
    ['one name twice', { query: 'SELECT 1 AS a, 2 AS a' }, 'COLUMNS_DUPLICATE'],
  ])('%s', async (_, spec, part) => {
    await expect(read({ source: url, ...spec })).rejects.toMatchObject(code(part))
    await admin('SELECT * FROM nothing', url)
  })

  it('that does not let us in, is not there, or drops the connection', async () => {
    const as = (change: (address: URL) => void) => {
      const address = new URL(url)
      change(address)
      return address.href
    }
    const stranger = as((address) => (address.username = `reader_${process.pid}`))
    await expect(read({ source: stranger, table: 'sales.orders' })).rejects.toMatchObject(code('SOURCE_DENIED'))
    const closed = as((address) => (address.port = '9'))
    await expect(read({ source: closed, table: 't' })).rejects.toMatchObject(code('SOURCE_UNREACHABLE'))
    const proxy = await cuttingProxy(Number(new URL(url).port || 5432), 200_000)
    const cut = as((address) => (address.port = String(proxy.port)))
    await expect(read({ source: cut, table: 'sales.orders', ignore })).rejects.toMatchObject(code('SOURCE_UNREACHABLE'))
    proxy.close()
  })

  it('keeps its password to itself', async () => {
    process.env.ORRERY_SECRET_PG = 'pa/ss:w@rd 1'
    const address = new URL(url)
    const source = `postgres://nobody:\${secret.PG}@${address.host}/no_such_database`
    const error = await read({ source, table: 't' }).catch((one) => one)
    delete process.env.ORRERY_SECRET_PG
    expect(error).toMatchObject({ code: expect.stringMatching(/SOURCE_DENIED|QUERY_FAILED/) })
    expect(`${error.message} ${error.stack} ${JSON.stringify(error.details)}`).not.toMatch(/pa\/ss|pa%2Fss/)
    expect(error.message).toContain(`postgres://${address.host}/no_such_database`)
  })
})

describe.skipIf(!HAS_MARIADB)('MySQL (mariadbd)', { timeout: 60_000 }, () => {
  let server: Awaited<ReturnType<typeof startMariadb>>
  beforeAll(async () => {
    server = await startMariadb(folder)
    const connection = await mysql.createConnection({ uri: server.url.replace('/shop', '/'), multipleStatements: true })
    await connection.query(`
      CREATE DATABASE shop; USE shop; SET SESSION sql_mode = '';
      CREATE TABLE orders (id int, big bigint, price decimal(10, 2), paid boolean, code varchar(9), at datetime, day date,
        extra json, bytes blob, note text) CHARACTER SET utf8mb4;
      INSERT INTO orders SELECT seq, 9007199254740993 + seq, seq / 4, seq % 2, lpad(seq, 5, '0'),
        '2024-01-01 12:00' + interval seq hour, if(seq = 7, '0000-00-00', '2024-01-01'), '{}', x'00ff', 'é "x", 😀\\ny'
        FROM seq_1_to_5000;
      CREATE TABLE nothing (a int);
      CREATE USER stranger@'127.0.0.1' IDENTIFIED BY 'hidden pass';`)
    await connection.end()
  }, 120_000)
  afterAll(() => server.stop())
  const ignore = ['bytes']

  it('gives a table, typed, every row', async () => {
    const { rows, schema, parquetPath, profile } = await read({
      source: server.url,
      table: 'orders',
      ignore,
      time: ['at'],
    })
    expect(rows).toBe(5_000)
    expect(schema.columns.map(({ name, type, missing }) => `${name} ${type} ${missing}`)).toEqual([
      'id identifier 0',
      'big identifier 0',
      'price numeric 0',
      'paid numeric 0',
      'code identifier 0',
      'at timestamp 0',
      'day timestamp 1',
      // MariaDB keeps JSON as text.
      'extra categorical 0',
      'note categorical 0',
    ])
    expect((await numbers(parquetPath, 'price')).slice(0, 2)).toEqual([0.25, 0.5])
    expect(profile.time!.from).toBe(Date.UTC(2024, 0, 1, 13))
    expect(profile.columns.at(-1)!.categories!.top[0]!.value).toBe('é "x", 😀\ny')
    const ordered = await read({ source: server.url, query: 'SELECT id, price FROM orders ORDER BY id DESC LIMIT 10;' })
    expect((await numbers(ordered.parquetPath, 'price'))[0]).toBe(1250)
  })

  it.each<[string, Partial<DatasetSpec>, string]>([
    ['a syntax error', { query: 'SELEC 1' }, 'QUERY_FAILED'],
    ['a write', { query: 'DELETE FROM nothing' }, 'QUERY_FAILED'],
    ['two statements', { query: 'SELECT 1 AS a; DROP TABLE nothing' }, 'QUERY_FAILED'],
    ['an empty table', { table: 'nothing' }, 'TABLE_EMPTY'],
    ['bytes', { table: 'orders' }, 'COLUMN_UNSUPPORTED'],
  ])('%s', async (_, spec, part) => {
    await expect(read({ source: server.url, ...spec })).rejects.toMatchObject(code(part))
  })

  it('that does not let us in, or drops the connection', async () => {
    const wrong = server.url.replace('root@', 'stranger:wrong-password@')
    const error = await read({ source: wrong, table: 'orders' }).catch((one) => one)
    expect(error).toMatchObject(code('SOURCE_DENIED'))
    expect(error.message).not.toContain('wrong-password')
    const proxy = await cuttingProxy(Number(new URL(server.url).port), 200_000)
    const cut = server.url.replace(/:\d+\//, `:${proxy.port}/`)
    await expect(read({ source: cut, table: 'orders', ignore })).rejects.toMatchObject(code('SOURCE_UNREACHABLE'))
    proxy.close()
    await expect(read({ source: 'mysql://root@127.0.0.1:9/shop', table: 't' })).rejects.toMatchObject(
      code('SOURCE_UNREACHABLE'),
    )
  })
})

describe.skipIf(!HAS_PYTHON)('a bucket (moto)', { timeout: 60_000 }, () => {
  let s3: Awaited<ReturnType<typeof startS3>>
  let flaky: Awaited<ReturnType<typeof startFlaky>>
  const table = (from: number) => `amount,who\n${from},a\n${from + 1},b\n`
  const put = async (path: string, body: string | Uint8Array = '') => {
    const bytes = Buffer.from(body)
    const signed = await new AwsV4Signer({
      ...{ method: 'PUT', url: `${s3.endpoint}/${path}`, service: 's3', region: 'us-east-1' },
      ...{ accessKeyId: 'a', secretAccessKey: 'b', body: bytes },
      headers: { 'x-amz-content-sha256': createHash('sha256').update(bytes).digest('hex') },
    }).sign()
    const { ok } = await fetch(signed.url, { method: 'PUT', headers: signed.headers, body: bytes })
    expect(ok).toBe(true)
  }
  beforeAll(async () => {
    s3 = await startS3()
    flaky = await startFlaky(s3.endpoint)
    Object.assign(process.env, { ORRERY_SECRET_S3_KEY: 'a', ORRERY_SECRET_S3_SECRET: 'very-secret-key' })
    await put('lake')
    for (const [i, year] of ['2023', '2024'].entries()) {
      await put(`lake/sales/year=${year}/part.csv`, table(i * 10))
      await put(`lake/sales/year=${year}/part-2.csv.gz`, gzipSync(table(i * 10 + 5)))
      await put(`lake/sales/year=${year}/_SUCCESS`)
    }
    await put('lake/plain [1].csv', table(100))
    await put('lake/plain [1].csv.bak', 'nothing')
    await put('lake/empty.csv')
  }, 600_000)
  afterAll(async () => {
    delete process.env.ORRERY_SECRET_S3_KEY
    delete process.env.ORRERY_SECRET_S3_SECRET
    await flaky.stop()
    await s3.stop()
  })
  const access = (endpoint = s3.endpoint) => ({
    s3: { endpoint, access_key: '${secret.S3_KEY}', secret_key: '${secret.S3_SECRET}' },
  })

  it('gives the objects of a prefix, a glob and a key, with the columns that keys name', async () => {
    for (const source of ['s3://lake/sales/', 's3://lake/sales/**/*.csv*', 's3://lake/sales/year=*/part*']) {
      const { rows, schema, parquetPath, source: from } = await read({ source, ...access() })
      expect(rows).toBe(8)
      expect(schema.columns.map(({ name }) => name)).toEqual(['amount', 'who', 'year'])
      expect((await numbers(parquetPath, 'amount')).sort((a, b) => a - b)).toEqual([0, 1, 5, 6, 10, 11, 15, 16])
      expect(from).toMatchObject({ kind: 'taken', place: 's3', files: { length: 4 } })
    }
    expect((await read({ source: 's3://lake/plain [1].csv', ...access() })).rows).toBe(2)
  })

  it('is read through a server that fails every third request', async () => {
    expect((await read({ source: 's3://lake/sales/', ...access(flaky.endpoint) })).rows).toBe(8)
  })

  it.each([
    ['s3://lake/none.csv', 'SOURCE_NOT_FOUND', 'no object'],
    ['s3://lake/none/', 'SOURCE_NOT_FOUND', 'no table'],
    ['s3://no-such-bucket/x.csv', 'SOURCE_DENIED', 'NoSuchBucket'],
    ['s3://lake/empty.csv', 'TABLE_EMPTY', 'is an empty object'],
  ])('%s: %s', async (source, part, message) => {
    await expect(read({ source, ...access() })).rejects.toMatchObject({
      ...code(part),
      message: expect.stringContaining(message),
    })
  })

  it('that denies access says so, without the key; without a key nothing is asked', async () => {
    const denying = (await import('node:http')).createServer((_, response) =>
      response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>'),
    )
    denying.listen(0, '127.0.0.1')
    await once(denying, 'listening')
    const endpoint = `http://127.0.0.1:${(denying.address() as AddressInfo).port}`
    const error = await read({ source: 's3://lake/x.csv', ...access(endpoint) }).catch((one) => one)
    expect(error).toMatchObject({ ...code('SOURCE_DENIED'), message: expect.stringContaining('AccessDenied') })
    expect(`${error.message}${error.stack}`).not.toContain('very-secret-key')
    denying.close()
    const before = { ...process.env }
    for (const key of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE']) delete process.env[key]
    process.env.AWS_SHARED_CREDENTIALS_FILE = join(folder, 'none')
    await expect(read({ source: 's3://lake/x.csv' })).rejects.toMatchObject(code('SOURCE_DENIED'))
    Object.assign(process.env, before)
    delete process.env.AWS_SHARED_CREDENTIALS_FILE
  })
})
