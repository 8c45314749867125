import { Pool } from 'undici'
import { requestOf, type World } from '#worlds'

/** Requests under way at once: as many clients as answer at the same moment, few enough to keep the order of a day. */
const CLIENTS = 24
const LABELS_PER_REQUEST = 5_000
const ANSWER_WITHIN_MS = 60_000

/** The world's side of a served endpoint: asks, remembers every answer, and tells the truth when it is known. */
export interface Traffic {
  /** Asks for these rows, one request per row. Resolves when each has its answer, or has failed. */
  ask(rows: readonly number[]): Promise<void>
  /** Tells the labels of these rows. */
  tell(rows: readonly number[]): Promise<void>
  /** The answer to each row; NaN for a row that was not asked for or got none. */
  readonly values: Float64Array
  /** The version that answered each row; 0 for none. */
  readonly versions: Int32Array
  readonly counts: { asked: number; answered: number; failed: number; told: number }
  /** What the first request that failed was answered. */
  readonly firstFailure: string | undefined
  /** The prediction id of a row: the client's own, so that labels can name it later. */
  idOf(row: number): string
  rowOf(id: string): number
  /** Whether the label of a row has been told. */
  isTold(row: number): boolean
  close(): Promise<void>
}

export function openTraffic({ url, endpoint, world }: { url: string; endpoint: string; world: World }): Traffic {
  const pool = new Pool(url, {
    connections: CLIENTS,
    pipelining: 1,
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
  })
  const values = new Float64Array(world.rows.length).fill(Number.NaN)
  const versions = new Int32Array(world.rows.length)
  const counts = { asked: 0, answered: 0, failed: 0, told: 0 }
  const told = new Uint8Array(world.rows.length)
  let firstFailure: string | undefined
  const idOf = (row: number) => `${world.name}-${row}`

  async function post(path: string, body: unknown): Promise<unknown> {
    const answer = await pool.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${(await answer.body.text()).slice(0, 300)}`)
    return answer.body.json()
  }

  async function askOne(row: number): Promise<void> {
    counts.asked++
    try {
      const record = recordOf(world, row)
      const { predictions } = (await post(`/predict/${encodeURIComponent(endpoint)}`, {
        records: [record],
        ids: [idOf(row)],
      })) as { predictions: [{ value: number; version: number }] }
      values[row] = predictions[0].value
      versions[row] = predictions[0].version
      counts.answered++
    } catch (error) {
      counts.failed++
      firstFailure ??= `row ${row}: ${(error as Error).message}`
    }
  }

  return {
    values,
    versions,
    counts,
    get firstFailure() {
      return firstFailure
    },
    idOf,
    rowOf: (id) => Number(id.slice(world.name.length + 1)),
    isTold: (row) => told[row] === 1,
    ask: async (rows) => {
      const waiting = rows.values()
      const client = async () => {
        for (const row of waiting) await askOne(row)
      }
      await Promise.all(Array.from({ length: Math.min(CLIENTS, rows.length) }, client))
    },
    tell: async (rows) => {
      for (let from = 0; from < rows.length; from += LABELS_PER_REQUEST) {
        const some = rows.slice(from, from + LABELS_PER_REQUEST)
        const labels = some.map((row) => ({ id: idOf(row), label: world.rows[row]![world.labelColumn]! }))
        await post('/feedback', { labels })
        counts.told += some.length
        for (const row of some) told[row] = 1
      }
    },
    close: () => pool.close(),
  }
}

/** A request carries what is known when it is made, when that is, and whom it is about. */
export function recordOf(world: World, row: number): Record<string, string | number | null> {
  const cells = world.rows[row]!
  const record = requestOf(world, cells)
  for (const column of [...world.timeColumns, ...(world.idColumn ? [world.idColumn] : [])])
    record[column] ??= cells[column] ?? null
  return record
}
