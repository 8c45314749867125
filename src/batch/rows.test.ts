import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withDuck } from '#data'
import { encodeRecords } from '#runtime'
import type { FeatureSpec } from '#runtime/contract'
import { conditionsOf, featuresInSql, literal, readFitting, typesOf } from './rows.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-rows-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** What a batch makes of the rows of a relation, and why it sets others aside. */
async function read(sql: string, features: FeatureSpec[]) {
  return withDuck({ folders: [folder] }, async (duck) => {
    const relation = `(${sql})`
    const columns = featuresInSql(features, await typesOf(duck, relation))
    const { count } = await duck.row<{ count: number }>(`SELECT count(*)::INTEGER AS count FROM ${relation}`)
    const { encoded, places } = await readFitting(duck, relation, features, columns, count)
    const misfits = columns.map(({ misfit }) => misfit)
    const conditions = conditionsOf(columns)
    const reasons = conditions
      ? await duck.rows<{ reason: string }>(
          `SELECT concat_ws('; ', ${misfits.join(', ')}) AS reason FROM ${relation} WHERE NOT (${conditions})`,
        )
      : []
    return { encoded, places: places && [...places], reasons: reasons.map(({ reason }) => reason) }
  })
}

const values = (type: string, ...cells: string[]) =>
  `SELECT x FROM (VALUES ${cells.map((cell, i) => `(${i}, ${cell}::${type})`).join(', ')}) t(i, x) ORDER BY i`
const number: FeatureSpec = { name: 'x', kind: 'numeric' }
const text: FeatureSpec = { name: 'x', kind: 'categorical' }

describe('rows of a table, as a model takes them', () => {
  it.each([
    ['whole numbers', values('INTEGER', '1', 'NULL', '-7'), [1, null, -7]],
    ['numbers', values('DOUBLE', '0.1', 'NULL', "'nan'", '-3e38'), [0.1, null, null, -3e38]],
    ['decimals', values('DECIMAL(10, 2)', '12.34', 'NULL'), [12.34, null]],
    ['numbers written as text', values('VARCHAR', "' 7 '", "''", 'NULL', "'1e3'"), [7, null, null, 1000]],
  ])('%s are the numbers that a request would send', async (_, sql, sent) => {
    const { encoded, places } = await read(sql, [number])
    expect(places).toBeUndefined()
    expect(encoded).toEqual(
      encodeRecords(
        [number],
        sent.map((x) => ({ x })),
      ),
    )
  })

  it.each([
    ['texts', values('VARCHAR', "'a'", "' b '", 'NULL', "''"), ['a', 'b', null, null]],
    ['truth values', values('BOOLEAN', 'true', 'false', 'NULL'), ['true', 'false', null]],
    ['whole numbers', values('BIGINT', '7', 'NULL'), ['7', null]],
    ['numbers, by their shortest text', values('DOUBLE', '2.0', '2.5', 'NULL'), ['2', '2.5', null]],
  ])('%s are the categories that a request would send', async (_, sql, sent) => {
    const { encoded } = await read(sql, [text])
    expect(encoded).toEqual(
      encodeRecords(
        [text],
        sent.map((x) => ({ x })),
      ),
    )
  })

  it('are set aside with the reason where a request would be refused, and the others keep their places', async () => {
    const sql = values('VARCHAR', "'1'", "'two'", "'3'", "'1e300'", 'NULL')
    const { encoded, places, reasons } = await read(sql, [number])
    expect(places).toEqual([0, 2, 4])
    expect(encoded.columns).toEqual([Float32Array.of(1, 3, Number.NaN)])
    expect(reasons).toEqual(['x: a number is expected, not two', 'x: 1e300 is no finite 32-bit number'])
    const refused = await read(values('DOUBLE', '1', 'NULL'), [{ ...number, required: true }])
    expect(refused).toMatchObject({ places: [0], reasons: [expect.stringContaining('x: it is missing')] })
  })

  it('of a model that takes only some categories are those, whatever they are called', async () => {
    const categories = ["it's", 'a"b']
    const sql = values('VARCHAR', literal("it's"), literal('a"b'), "'c'", 'NULL')
    const { places, reasons } = await read(sql, [{ ...text, required: true, categories }])
    expect(places).toEqual([0, 1])
    expect(reasons[0]).toContain('c is not what it takes')
    expect(reasons[1]).toContain('it is missing')
  })

  it('need every column that the model takes', async () => {
    await expect(read('SELECT 1 AS y', [number])).rejects.toMatchObject({
      code: 'ORRERY_BATCH_COLUMNS_MISSING',
      message: expect.stringContaining('x'),
    })
  })

  it('of more values than a dictionary holds are read one by one', async () => {
    const sql = `SELECT CASE WHEN i % 3 = 0 THEN NULL ELSE 'v' || i END AS x FROM range(25000) t(i)`
    const { encoded } = await read(sql, [text])
    const column = encoded.columns[0] as string[]
    expect(column).toHaveLength(25_000)
    for (const i of [0, 1, 2, 24_998, 24_999]) expect(column[i]).toBe(i % 3 === 0 ? '' : `v${i}`)
  })
})
