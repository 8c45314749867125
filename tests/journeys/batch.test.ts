import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Batch } from '#batch/contract'
import { withDuck } from '#data'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * Answers ahead of time: the rows of the real table, from a file, a data set and a query, into a file and databases; the same
 * answers as requests get, over kills of the server, with what does not fit set aside.
 */

const TELCO = fileURLToPath(new URL('../../../shared/data/telco-churn/Telco-Customer-Churn.csv', import.meta.url))
const PATIENCE = 5 * 60_000

const PROJECT = `project: ahead
data:
  customers:
    source: customers.csv
    label: Churn
    positive: "Yes"
    id: customerID
    columns: { TotalCharges: { type: number, missing: [" "] } }
    split: { by: random, train: 70%, validation: 15%, test: 15% }
pipeline:
  train: { use: builtin/tabular, search: { trials: 2 } }
gates: []
deploy:
  leaves: { environment: staging, strategy: { rolling: true }, answer: { combine: { last: 2 } } }
environments:
  staging: {}
batch:
  yearly:
    score: leaves
    input: { data: customers }
    into: scores.parquet
    keep: [customerID]
    cron: "0 0 1 1 *"
`

describe.skipIf(!existsSync(TELCO))('batches (skipped without shared/data/telco-churn)', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  let header: string[]
  let lines: string[]
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-batch-'))
    const project = join(folder, 'project')
    await mkdir(project)
    await copyFile(TELCO, join(project, 'customers.csv'))
    await writeFile(join(project, 'orrery.yaml'), PROJECT)
    ;[header, ...lines] = (await readFile(TELCO, 'utf8'))
      .trim()
      .split(/\r?\n/)
      .map((line, l) => (l === 0 ? line.split(',') : line)) as [string[], ...string[]]
    await start()
    const where = ['--file', join(project, 'orrery.yaml'), '--server', server.url]
    expect(await orrery(['apply', ...where])).toMatchObject({ code: 0 })
    expect(await orrery(['run', ...where], { endAfterMs: PATIENCE })).toMatchObject({ code: 0 })
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  async function start() {
    server = await startServer({ home: join(folder, 'home') })
    api = connect(server.url)
  }

  const at = (name: string) => join(folder, name)
  const rowsOf = <T>(path: string, columns = '*') =>
    withDuck({ folders: [folder] }, (duck) => duck.rows<T>(`SELECT ${columns} FROM read_parquet('${path}')`))

  async function score(args: string[]): Promise<Batch> {
    const { stdout, stderr, code } = await orrery(['score', ...args, '--server', server.url, '--json'], {
      endAfterMs: PATIENCE,
    })
    expect(code, stdout + stderr).toBe(0)
    return JSON.parse(stdout)
  }

  /** What a request gets for the first rows of the table. */
  async function answers(rows: number) {
    const { signature } = await api.getVersion({ params: { model: 'leaves', version: 1 } })
    const records = lines.slice(0, rows).map((line) => {
      const cells = line.split(',')
      return Object.fromEntries(
        signature!.features.map(({ name, kind }) => {
          const cell = cells[header.indexOf(name)]!.trim()
          return [name, kind === 'categorical' ? cell : cell === '' ? null : Number(cell)]
        }),
      )
    })
    return (await api.predict({ params: { endpoint: 'leaves' }, body: { records } })).predictions
  }

  interface Scored {
    prediction_id: string
    customerID: string
    model: string
    version: number
    value: number
    label: string
    probability_No: number
    probability_Yes: number
  }

  it(
    'answers a CSV file row by row as requests are answered',
    async () => {
      const batch = await score([
        'leaves',
        TELCO,
        '--into',
        at('csv.parquet'),
        '--keep',
        'customerID',
        '--part-rows',
        '1000',
      ])
      expect(batch).toMatchObject({
        state: 'succeeded',
        version: 'leaves@1',
        outcome: { rows: 7043, scored: 7043, setAside: 0, parts: 8, aside: null },
      })
      const rows = await rowsOf<Scored>(at('csv.parquet'))
      expect(rows.map((row) => row.customerID)).toEqual(lines.map((line) => line.split(',')[0]))
      expect(new Set(rows.map((row) => row.prediction_id)).size).toBe(7043)
      expect(rows[17]).toMatchObject({ prediction_id: `${batch.id}.17`, model: 'leaves', version: 1 })
      const asked = await answers(3_000)
      expect(
        rows.slice(0, 3_000).map(({ value, label, probability_No, probability_Yes }) => ({
          value,
          label,
          probabilities: { No: probability_No, Yes: probability_Yes },
        })),
      ).toEqual(asked.map(({ value, label, probabilities }) => ({ value, label, probabilities })))
    },
    PATIENCE,
  )

  it(
    'tells what each column did to an answer, the same as its trace',
    async () => {
      const { signature } = await api.getVersion({ params: { model: 'leaves', version: 1 } })
      const cells = lines[0]!.split(',')
      const record = Object.fromEntries(
        signature!.features.map(({ name, kind }) => {
          const cell = cells[header.indexOf(name)]!.trim()
          return [name, kind === 'categorical' ? cell : cell === '' ? null : Number(cell)]
        }),
      )
      const ask = (records: (typeof record)[]) =>
        api.predict({ params: { endpoint: 'leaves' }, body: { records, explain: true } })
      const [explained] = (await ask([record])).predictions
      const moved = explained!.contributions!
      expect(moved.length).toBeGreaterThan(3)
      const { explanation } = await api.trace({ params: { prediction: explained!.id } })
      expect(moved).toEqual(explanation!.contributions.map(({ feature, contribution }) => ({ feature, contribution })))
      await expect(ask(Array.from({ length: 21 }, () => record))).rejects.toMatchObject({
        code: 'ORRERY_SERVING_TOO_MANY_TO_EXPLAIN',
      })
      const plain = await api.predict({ params: { endpoint: 'leaves' }, body: { records: [record] } })
      expect(plain.predictions[0]).not.toHaveProperty('contributions')
    },
    PATIENCE,
  )

  it(
    'answers a data set and a query of the project',
    async () => {
      await score([
        'leaves@1',
        'data:customers',
        '--project',
        'ahead',
        '--into',
        at('data.parquet'),
        '--keep',
        'customerID',
      ])
      const bySet = await rowsOf<Scored>(at('data.parquet'), 'customerID, value')
      const byFile = await rowsOf<Scored>(at('csv.parquet'), 'customerID, value')
      expect(bySet).toEqual(byFile)
      const query = `SELECT *, customerID AS who FROM customers WHERE Contract = 'Two year' ORDER BY customerID`
      const { outcome } = await score([
        'leaves',
        '--query',
        query,
        '--project',
        'ahead',
        '--into',
        at('query.parquet'),
        '--keep',
        'who',
      ])
      const chosen = lines
        .map((line) => line.split(','))
        .filter((cells) => cells[header.indexOf('Contract')] === 'Two year')
      expect(outcome!.scored).toBe(chosen.length)
      const values = new Map(byFile.map(({ customerID, value }) => [customerID, value]))
      for (const { who, value } of await rowsOf<{ who: string; value: number }>(at('query.parquet')))
        expect(value).toBe(values.get(who))
    },
    PATIENCE,
  )

  it(
    'sets rows aside that do not fit, with the reason, and scores the others',
    async () => {
      const cells = lines.slice(0, 100).map((line) => line.split(','))
      cells[3]![header.indexOf('tenure')] = 'two years'
      cells[50]![header.indexOf('MonthlyCharges')] = '1e300'
      cells[51]![header.indexOf('tenure')] = ''
      await writeFile(at('some.csv'), [header, ...cells].map((row) => row.join(',')).join('\n'))
      const { id, outcome } = await score(['leaves', at('some.csv'), '--into', at('some.parquet')])
      expect(outcome).toMatchObject({ rows: 100, scored: 98, setAside: 2 })
      expect(outcome!.reasons.map(({ reason }) => reason).sort()).toEqual([
        'MonthlyCharges: 1e300 is no finite 32-bit number',
        'tenure: a number is expected, not two years',
      ])
      await writeFile(
        at('aside.parquet'),
        Buffer.from(await (await fetch(`${server.url}/api/batches/${id}/aside`)).arrayBuffer()),
      )
      expect(await rowsOf(at('aside.parquet'), 'row, reason, customerID')).toEqual([
        { row: 3, reason: 'tenure: a number is expected, not two years', customerID: cells[3]![0] },
        { row: 50, reason: 'MonthlyCharges: 1e300 is no finite 32-bit number', customerID: cells[50]![0] },
      ])
    },
    PATIENCE,
  )

  const KILLS = 4
  it.each(['sqlite', 'parquet'] as const)(
    `goes on after ${KILLS} kills -9, into %s, and scores no part twice`,
    async (kind) => {
      const big = at('big.parquet')
      await withDuck({ folders: [folder, fileURLToPath(new URL('.', `file://${TELCO}`))] }, (duck) =>
        duck.run(
          `COPY (SELECT * EXCLUDE (c, n), c.* FROM (SELECT n, c FROM range(60) r(n), read_csv('${TELCO}', all_varchar = true) c)) TO '${big}' (FORMAT parquet)`,
        ),
      )
      const into = kind === 'sqlite' ? `sqlite:${at('killed.db')}` : at('killed.parquet')
      const { id } = await score([
        'leaves',
        big,
        '--into',
        into,
        '--keep',
        'customerID',
        '--part-rows',
        '5000',
        '--detach',
      ])
      const get = () => api.getBatch({ params: { batch: id } })
      let [kills, seen] = [0, 0]
      while (kills < KILLS) {
        const { state, progress } = await get()
        expect(state).toMatch(/queued|running/)
        if ((progress?.fraction ?? 0) > seen) {
          seen = progress!.fraction!
          await server.kill()
          kills++
          await start()
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await expect.poll(async () => (await get()).state, { timeout: PATIENCE, interval: 200 }).toBe('succeeded')
      const { outcome } = await get()
      const rows = 60 * 7043
      expect(outcome).toMatchObject({ rows, scored: rows, setAside: 0, parts: Math.ceil(rows / 5000) })
      const counts = 'count(*) AS n, count(DISTINCT prediction_id) AS ids, count(DISTINCT customerID) AS who'
      if (kind === 'parquet')
        expect(await rowsOf(at('killed.parquet'), counts)).toEqual([{ n: rows, ids: rows, who: 7043 }])
      else {
        const database = new DatabaseSync(at('killed.db'))
        expect({ ...database.prepare(`SELECT ${counts} FROM predictions`).get() }).toEqual({
          n: rows,
          ids: rows,
          who: 7043,
        })
        database.close()
      }
    },
    PATIENCE,
  )

  it.each(['sqlite', 'parquet'] as const)(
    'stops when it is cancelled, into %s, and leaves no half of a file behind',
    async (kind) => {
      const path = at(kind === 'sqlite' ? 'cancelled.db' : 'cancelled.parquet')
      const into = kind === 'sqlite' ? `sqlite:${path}` : path
      const { id } = await score(['leaves', at('big.parquet'), '--into', into, '--part-rows', '5000', '--detach'])
      const params = { batch: id }
      const fraction = async () => (await api.getBatch({ params })).progress?.fraction ?? 0
      await expect.poll(fraction, { timeout: PATIENCE, interval: 20 }).toBeGreaterThan(0)
      const work = join(folder, 'home', 'batch', id)
      expect(existsSync(work)).toBe(true)
      await api.cancelBatch({ params })
      const state = async () => (await api.getBatch({ params })).state
      await expect.poll(state, { timeout: 30_000, interval: 50 }).toBe('cancelled')
      await expect.poll(() => existsSync(work), { timeout: 10_000 }).toBe(false)
      if (kind === 'parquet') return expect(existsSync(path)).toBe(false)
      // What was committed stays in a database, in whole parts, under ids that name the batch.
      const database = new DatabaseSync(path)
      const { n, own } = database
        .prepare(`SELECT count(*) AS n, sum(prediction_id LIKE '${id}.%') AS own FROM predictions`)
        .get() as { n: number; own: number }
      database.close()
      expect(n % 5000).toBe(0)
      expect(n).toBeGreaterThan(0)
      expect(n).toBeLessThan(60 * 7043)
      expect(own).toBe(n)
    },
    PATIENCE,
  )

  it(
    'answers as the committee of an endpoint does',
    async () => {
      const where = ['--file', join(folder, 'project', 'orrery.yaml'), '--server', server.url]
      const again = await orrery(['run', ...where], { endAfterMs: PATIENCE })
      expect(again.code, again.stdout).toBe(0)
      const stable = async () => (await api.getEndpoint({ params: { endpoint: 'leaves' } })).traffic.stable
      await expect.poll(async () => (await stable()).length, { timeout: PATIENCE, interval: 200 }).toBe(2)
      const asked = await answers(500)
      const { predictions } = await api.listPredictions({ params: { endpoint: 'leaves' }, query: { limit: 1 } })
      expect(Object.values(predictions[0]!.weights).filter((weight) => weight > 0)).toHaveLength(2)
      const batch = await score(['leaves', TELCO, '--into', at('committee.parquet')])
      expect(batch).toMatchObject({ version: 'leaves@2', outcome: { scored: 7043, setAside: 0 } })
      const rows = await rowsOf<Scored>(at('committee.parquet'))
      rows.slice(0, 500).forEach(({ value, label, version }, i) => {
        expect(value).toBeCloseTo(asked[i]!.value, 12)
        expect({ label, version }).toEqual({ label: asked[i]!.label, version: 2 })
      })
      // One of them by its number answers alone.
      await score(['leaves@1', TELCO, '--into', at('alone.parquet')])
      const alone = await rowsOf<Scored>(at('alone.parquet'))
      expect(alone[7]!.version).toBe(1)
      expect(alone.map(({ value }) => value)).toEqual(
        (await rowsOf<Scored>(at('csv.parquet'))).map(({ value }) => value),
      )
    },
    PATIENCE,
  )

  it(
    'runs when its schedule says so, under the time it ran at',
    async () => {
      const file = join(folder, 'project', 'orrery.yaml')
      const minutely = `  minutely:
    score: leaves
    input: { query: "SELECT * FROM customers LIMIT 50" }
    into: out/{time}.parquet
    keep: [customerID]
    cron: "* * * * *"
`
      await mkdir(join(folder, 'project', 'out'))
      await writeFile(file, PROJECT + minutely)
      expect(await orrery(['apply', '--file', file, '--server', server.url])).toMatchObject({ code: 0 })
      const applied = Date.now()
      const own = async () =>
        (await api.listBatches({ query: { project: 'ahead', limit: 20 } })).batches.find(
          ({ schedule, state }) => schedule === 'minutely' && state === 'succeeded',
        )
      await expect.poll(own, { timeout: 150_000, interval: 500 }).toBeDefined()
      const batch = (await own())!
      expect(batch).toMatchObject({ by: 'schedule', outcome: { scored: 50, setAside: 0 } })
      expect(batch.into).toMatch(/^out\/\d{4}-\d\d-\d\dT\d{4}\.parquet$/)
      // At a full minute after it was applied, and not at once.
      expect(Math.floor(batch.createdAt / 60_000)).toBeGreaterThan(Math.floor(applied / 60_000))
      expect(await rowsOf<Scored>(join(folder, 'project', batch.into))).toHaveLength(50)
      // A schedule that the file does not have any more is not kept.
      await writeFile(file, PROJECT)
      expect(await orrery(['apply', '--file', file, '--server', server.url])).toMatchObject({ code: 0 })
    },
    PATIENCE,
  )

  it.skipIf(!process.env.ORRERY_TEST_POSTGRES)(
    'writes to PostgreSQL (needs ORRERY_TEST_POSTGRES)',
    async () => {
      const url = process.env.ORRERY_TEST_POSTGRES!
      const table = `ahead_${Date.now()}`
      const { outcome, into } = await score([
        'leaves',
        TELCO,
        '--into',
        url,
        '--table',
        table,
        '--keep',
        'customerID',
        '--part-rows',
        '2000',
      ])
      expect(outcome).toMatchObject({ scored: 7043, parts: 4 })
      expect(into).not.toMatch(/:[^/@*]+@/)
      const client = new pg.Client(url)
      await client.connect()
      const { rows } = await client.query(
        `SELECT "customerID", value, label, version FROM ${table} ORDER BY prediction_id`,
      )
      await client.query(`DROP TABLE ${table}`)
      await client.end()
      const byFile = new Map((await rowsOf<Scored>(at('csv.parquet'))).map((row) => [row.customerID, row.value]))
      expect(rows).toHaveLength(7043)
      for (const row of rows) expect(row.value).toBe(byFile.get(row.customerID))
    },
    PATIENCE,
  )

  it(
    'says what is wrong before it starts, or ends with it',
    async () => {
      const ask = async (...args: string[]) => {
        const { code, stdout } = await orrery(['score', ...args, '--server', server.url, '--json'], { cwd: folder })
        const said = JSON.parse(stdout)
        return { code, error: said.error?.code as string }
      }
      expect(await ask('nobody', TELCO, '--into', 'x.parquet')).toEqual({
        code: 1,
        error: 'ORRERY_BATCH_SCORER_UNKNOWN',
      })
      expect(await ask('leaves', TELCO, '--into', 'csv.parquet')).toEqual({
        code: 1,
        error: 'ORRERY_BATCH_TARGET_INVALID',
      })
      expect(await ask('leaves', TELCO, '--into', 'mysql://x/y')).toEqual({
        code: 1,
        error: 'ORRERY_BATCH_TARGET_INVALID',
      })
      expect(await ask('leaves', TELCO, '--into', 'no/folder/x.parquet')).toEqual({
        code: 1,
        error: 'ORRERY_BATCH_TARGET_INVALID',
      })
      expect(await ask('leaves', 'not-there.csv', '--into', 'x.parquet')).toEqual({
        code: 3,
        error: 'ORRERY_DATA_SOURCE_NOT_FOUND',
      })
      expect(await ask('leaves', 'data:customers', '--into', 'x.parquet')).toEqual({
        code: 3,
        error: 'ORRERY_BATCH_INPUT_INVALID',
      })
      await writeFile(at('half.csv'), 'customerID,gender\n1,Female\n')
      expect(await ask('leaves', 'half.csv', '--into', 'x.parquet')).toEqual({
        code: 3,
        error: 'ORRERY_BATCH_COLUMNS_MISSING',
      })
      await writeFile(at('broken.parquet'), 'PAR1 no')
      expect(await ask('leaves', 'broken.parquet', '--into', 'x.parquet')).toEqual({
        code: 3,
        error: expect.stringMatching(/^ORRERY_/),
      })
      const outside = `SELECT * FROM read_csv('${TELCO}')`
      expect(await ask('leaves', '--query', outside, '--project', 'ahead', '--into', 'x.parquet')).toEqual({
        code: 3,
        error: 'ORRERY_BATCH_INPUT_INVALID',
      })
      expect(
        await ask('leaves', '--query', 'DROP TABLE customers', '--project', 'ahead', '--into', 'x.parquet'),
      ).toEqual({ code: 3, error: 'ORRERY_BATCH_INPUT_INVALID' })
      expect(existsSync(at('x.parquet'))).toBe(false)
    },
    PATIENCE,
  )
})
