import { createHash, type Hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { contentHash } from './content-hash.ts'
import { withDuck } from './duckdb.ts'
import { parquet, text } from './sql.ts'
import { storedTypes } from './event-time.ts'
import { testFolder } from './tables.fixture.ts'

const folder = testFolder()
const ROWS = 130_000

/** The hash as its description says, value by value. */
function plainly(columns: readonly (readonly [name: string, holds: string, feed: (digest: Hash) => void])[]) {
  const whole = createHash('sha256').update(`orrery-table-1\n${ROWS}\n`)
  for (const [name, holds, feed] of columns) {
    const digest = createHash('sha256')
    feed(digest)
    whole.update(`${JSON.stringify([name, holds])} ${digest.digest('hex')}\n`)
  }
  return `sha256:${whole.digest('hex')}`
}

const texts = (cell: (i: number) => string | null) => (digest: Hash) => {
  digest.update('values\n')
  for (let i = 0; i < ROWS; i++) {
    const value = cell(i)
    digest.update(value === null ? '-' : `${Buffer.byteLength(value)}:${value}`)
  }
}

it('is over every value in the order of the rows, however texts are fetched', async () => {
  const path = folder.path('hashed.parquet')
  const long = 'ü'.repeat(200)
  const hash = await withDuck({ folders: [folder.path('.')] }, async (duck) => {
    await duck.run(`COPY (SELECT i::DOUBLE AS n,
        CASE WHEN i % 7 = 0 THEN NULL ELSE 'naïve ' || i END AS short,
        '${long}' || i AS long,
        'kind ' || (i % 2) AS kind
      FROM range(${ROWS}) t(i)) TO ${text(path)} (FORMAT parquet)`)
    return contentHash(duck, path, await storedTypes(duck, parquet(path)), ROWS)
  })
  expect(hash).toBe(
    plainly([
      [
        'n',
        'number',
        (digest) => digest.update(new Uint8Array(Float64Array.from({ length: ROWS }, (_, i) => i).buffer)),
      ],
      ['short', 'text', texts((i) => (i % 7 === 0 ? null : `naïve ${i}`))],
      ['long', 'text', texts((i) => long + i)],
      [
        'kind',
        'text',
        (digest) => {
          digest.update('dictionary\n6:kind 06:kind 1\n')
          digest.update(new Uint8Array(Int32Array.from({ length: ROWS }, (_, i) => i % 2).buffer))
        },
      ],
    ]),
  )
})
