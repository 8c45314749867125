import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { TableSchema } from './contract.ts'
import { withDuck } from './duckdb.ts'
import { readFrame } from './frame.ts'
import { plainTable, splitBy, testFolder } from './tables.fixture.ts'

const folder = testFolder()

const types = (schema: TableSchema) => Object.fromEntries(schema.columns.map((column) => [column.name, column.type]))

describe('types', () => {
  it('are found from all rows', async () => {
    const rows = Array.from({ length: 100 }, (_, i) =>
      [
        i * 0.5,
        i % 5,
        `2025-01-01 00:00:${String(i % 60).padStart(2, '0')}`,
        `c${i % 4}`,
        `user-${i}`,
        1_000 + i,
      ].join(),
    )
    const { schema } = await folder.ingestText(`real,whole,at,city,user,row\n${rows.join('\n')}\n`)
    expect(types(schema)).toEqual({
      real: 'numeric',
      whole: 'numeric',
      at: 'timestamp',
      city: 'categorical',
      user: 'identifier',
      row: 'identifier',
    })
    expect(schema.columns.map((column) => column.integer)).toEqual([false, true, false, false, false, true])
  })

  it('see through blanks, declared tokens and NaN', async () => {
    const { schema, parquetPath } = await folder.ingestText('x,y,z\n1, ,a\n 2 ,5,\n,"",?\nnan,7,b\n', {
      columns: { z: { missing: ['?'] } },
    })
    expect(schema.columns.map(({ type, missing }) => [type, missing])).toEqual([
      ['numeric', 2],
      ['numeric', 2],
      ['categorical', 2],
    ])
    const { frame } = await readFrame(parquetPath, { columns: ['x', 'z'] })
    expect(frame.columns).toEqual([
      { name: 'x', kind: 'numeric', values: Float64Array.of(1, 2, Number.NaN, Number.NaN) },
      { name: 'z', kind: 'categorical', codes: Int32Array.of(0, -1, -1, 1), categories: ['a', 'b'] },
    ])
  })

  it('keep codes, seasons, long numbers and words that only look like numbers as text', async () => {
    const long = '12345678901234567890'
    const { schema, parquetPath } = await folder.ingestText(
      `zip,season,account,word\n00501,2011_12,${long},epoch\n10001,2012_13,${long.replace('0', '1')},infinity\n`,
    )
    expect(new Set(schema.columns.map((column) => column.type))).toEqual(new Set(['categorical']))
    const { frame } = await readFrame(parquetPath, { columns: ['zip', 'account'] })
    expect(frame.columns.map((column) => column.kind === 'categorical' && column.categories[0])).toEqual([
      '00501',
      long,
    ])
  })

  it('are numbers after all where the first rows are blank', async () => {
    const blanks = ',x\n'.repeat(12_000)
    const { schema } = await folder.ingestText(`late,b\n${blanks}${'2.5,x\n'.repeat(2_000)}`)
    expect(schema.columns[0]).toEqual({
      name: 'late',
      type: 'numeric',
      missing: 12_000,
      integer: false,
      constant: false,
    })
  })

  it('are text after all where many rows further down hold words', async () => {
    const { schema } = await folder.ingestText(`a,b\n${'1,x\n'.repeat(12_000)}${'word,x\n'.repeat(12_000)}`)
    expect(types(schema)).toEqual({ a: 'categorical', b: 'categorical' })
  })

  it('are what they were declared or were before, whatever the cells look like', async () => {
    const declared = await folder.ingestText('a,b\n1,2\n3,4\n', {
      columns: { a: { missing: [], type: 'text' } },
      id: 'b',
    })
    expect(types(declared.schema)).toEqual({ a: 'categorical', b: 'identifier' })
    const later = await folder.ingestText('a,b\n5,6\n', {}, { previous: declared.schema })
    expect(types(later.schema)).toEqual({ a: 'categorical', b: 'identifier' })
  })

  it('read times with and without zones as UTC', async () => {
    const { parquetPath } = await folder.ingestText(
      't\n2025-03-01T12:00:00+02:00\n2025-03-01T10:00:00Z\n2025-03-01 10:00\n2025-03-01\n',
    )
    const { frame } = await readFrame(parquetPath, { columns: ['t'] })
    const noon = Date.UTC(2025, 2, 1, 10)
    expect(frame.columns[0]).toMatchObject({ values: Float64Array.of(noon, noon, noon, Date.UTC(2025, 2, 1)) })
  })
})

describe('text files', () => {
  it.each([
    ['semicolons', 'a;b;c\n1;"x;y";3\n2;z;4\n'],
    ['tabs', 'a\tb\tc\n1\tx;y\t3\n2\tz\t4\n'],
    ['bars', 'a|b|c\n1|x;y|3\n2|z|4\n'],
    ['a byte order mark', '\uFEFFa,b,c\n1,x;y,3\n2,z,4\n'],
    ['CRLF', 'a,b,c\r\n1,x;y,3\r\n2,z,4\r\n'],
    ['CRLF and LF mixed', 'a,b,c\r\n1,x;y,3\n2,z,4\r\n'],
    ['CR', 'a,b,c\r1,x;y,3\r2,z,4\r'],
    ['blank lines', 'a,b,c\n\n1,x;y,3\n\n2,z,4\n\n'],
    ['no last line end', 'a,b,c\n1,x;y,3\n2,z,4'],
    ['cells padded with spaces', 'a , b,c\n1 ,x;y , 3\n 2,z,4\n'],
  ])('with %s', async (_, text) => {
    const { contentHash, rows } = await folder.ingestText(text)
    expect(rows).toBe(2)
    expect(contentHash).toBe((await folder.ingestText('a,b,c\n1,x;y,3\n2,z,4\n')).contentHash)
  })

  it('with quotes, delimiters and line breaks inside cells', async () => {
    const { preview } = await folder.ingestText('a,b\n"he said ""so"", twice","1\n2"\n5" pipe,é\n')
    expect(preview).toEqual({
      columns: ['a', 'b'],
      rows: [
        ['he said "so", twice', '1\n2'],
        ['5" pipe', 'é'],
      ],
    })
  })

  it('with one column, or with an unnamed index column', async () => {
    expect((await folder.ingestText('only\n1\n2\n')).schema.columns).toHaveLength(1)
    expect((await folder.ingestText(',x\n0,5\n1,6\n')).schema.columns.map((column) => column.name)).toEqual([
      'column_1',
      'x',
    ])
  })

  it('with names and paths that SQL would trip over', async () => {
    await folder.write("odd 'name'; [x]*.csv", `"a ""b""",select,"x'y"\n1,2,3\n4,5,6\n`)
    const { schema, rows } = await folder.ingest({ source: "odd 'name'; [x]*.csv" })
    expect(rows).toBe(2)
    expect(schema.columns.map((column) => column.name)).toEqual(['a "b"', 'select', "x'y"])
  })
})

describe('the content hash', () => {
  it('is the same from CSV, TSV, JSON lines and Parquet', async () => {
    const csv = 'n,t,s,w\n1.5,2025-01-01,a,1\n,2025-01-02 03:04:05.678,,2\n-0.25,,"b, c",\n'
    const fromCsv = await folder.ingestText(csv)
    const fromTsv = await folder.ingestText(
      csv.replace('"b, c"', 'b; c').replaceAll(',', '\t').replace('b; c', 'b, c'),
      {},
      { name: 't.tsv' },
    )
    const records = [
      { n: 1.5, t: '2025-01-01', s: 'a', w: 1 },
      { t: '2025-01-02T03:04:05.678Z', w: 2, s: null },
      { n: -0.25, s: 'b, c' },
    ]
    const json = records.map((record) => JSON.stringify(record)).join('\n')
    const fromJson = await folder.ingestText(json, {}, { name: 't.jsonl' })
    const fromArray = await folder.ingestText(JSON.stringify(records, null, 1), {}, { name: 't.json' })
    const fromParquet = await folder.ingestText(await readFile(fromCsv.parquetPath), {}, { name: 't.parquet' })
    const path = folder.path('typed.parquet')
    await withDuck({ folders: [folder.path()] }, (duck) =>
      duck.run(`COPY (
        SELECT * FROM (VALUES (1.5::FLOAT, TIMESTAMPTZ '2025-01-01', 'a', 1::TINYINT), (NULL, TIMESTAMPTZ '2025-01-02 03:04:05.678', '', 2),
        ('nan', NULL, 'b, c', NULL)) x(n, t, s, w)) TO '${path}' (FORMAT parquet, COMPRESSION gzip)`),
    )
    const fromTyped = await folder.ingest({ source: 'typed.parquet' })
    expect(fromTsv.contentHash).toBe(fromCsv.contentHash)
    expect(fromJson.contentHash).toBe(fromCsv.contentHash)
    expect(fromArray.contentHash).toBe(fromCsv.contentHash)
    expect(fromParquet.contentHash).toBe(fromCsv.contentHash)
    expect(fromTyped.contentHash).not.toBe(fromCsv.contentHash)
    const without = await folder.ingestText(csv.replace('-0.25', ''))
    expect(fromTyped.contentHash).toBe(without.contentHash)
  })

  it('does not change with the version of this program', async () => {
    const { contentHash } = await folder.ingestText('n,t,s\n1.5,2025-01-01,a\n,2025-01-02,b\n')
    expect(contentHash).toBe('sha256:35959c12c5b608279866e1a6dbc79043c60aa4bd4a39a6396096c8b5a4a6bb12')
  })

  it('is told apart by order, value, name, type and missing values', async () => {
    const variants = [
      'a,b\n1,x\n2,y\n',
      'a,b\n2,y\n1,x\n',
      'a,b\n1,x\n2,z\n',
      'a,c\n1,x\n2,y\n',
      'b,a\nx,1\ny,2\n',
      'a,b\n1,x\n,y\n',
      'a,b\n1,x\n2,\n',
      'a,b\n1,x\n2,y\n2,y\n',
      'a,b\n01x,x\n2,y\n',
      'a,b\n1,xx\n2,\n',
    ]
    const hashes = []
    for (const text of variants) hashes.push((await folder.ingestText(text)).contentHash)
    const asText = await folder.ingestText(variants[0]!, { columns: { a: { missing: [], type: 'text' } } })
    expect(new Set([...hashes, asText.contentHash]).size).toBe(variants.length + 1)
  })

  it('does not depend on how many threads wrote or read, nor on many different values', async () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => `${i},name-${i * 7919},${i % 13}`)
    const text = `a,b,c\n${rows.join('\n')}\n`
    const first = await folder.ingestText(text)
    const second = await folder.ingestText(text)
    expect(second.contentHash).toBe(first.contentHash)
    const [x, y] = await Promise.all([readFile(first.parquetPath), readFile(second.parquetPath)])
    expect(x.equals(y)).toBe(true)
    const swapped = await folder.ingestText(
      `a,b,c\n${rows.toSpliced(150_000, 2, rows[150_001]!, rows[150_000]!).join('\n')}\n`,
    )
    expect(swapped.contentHash).not.toBe(first.contentHash)
  })
})

describe('several files', () => {
  it('are one table in the order of their names, and hash as if joined', async () => {
    await folder.write('part-b.csv', 'a,b\n3,z\n')
    await folder.write('part-a.csv', 'a,b\n1,x\n2,y\n')
    const { contentHash, source } = await folder.ingest({ source: 'part-*.csv' })
    expect(contentHash).toBe((await folder.ingestText('a,b\n1,x\n2,y\n3,z\n')).contentHash)
    expect(source).toMatchObject({ kind: 'files', files: [{ name: 'part-a.csv', bytes: 12 }, { name: 'part-b.csv' }] })
  })

  it('keep their order when they are large', async () => {
    const part = (from: number) => `i\n${Array.from({ length: 150_000 }, (_, i) => from + i).join('\n')}\n`
    for (const n of [0, 1, 2]) await folder.write(`large-${n}.csv`, part(n * 150_000))
    const { parquetPath } = await folder.ingest({ source: 'large-*.csv' })
    const { frame } = await readFrame(parquetPath, { columns: ['i'] })
    expect(frame.columns[0]!.kind === 'numeric' && frame.columns[0]!.values.every((value, i) => value === i)).toBe(true)
  })
})

describe('the label', () => {
  const read = async (cells: (string | number)[], spec: object = {}) => {
    const text = `x,y\n${cells.map((cell, i) => `${i % 7},${cell}`).join('\n')}\n`
    return (await folder.ingestText(text, { label: 'y', ...spec })).profile.label
  }

  it('says what task it is', async () => {
    const many = Array.from({ length: 40 }, (_, i) => i)
    expect(await read(['No', 'Yes', 'No'])).toEqual({
      column: 'y',
      task: 'binary',
      classes: ['No', 'Yes'],
      counts: [2, 1],
      missing: 0,
    })
    expect(await read(['a', 'b', 'c', 'a'])).toMatchObject({
      task: 'multiclass',
      classes: ['a', 'b', 'c'],
      counts: [2, 1, 1],
    })
    expect(await read([0, 1, 1])).toMatchObject({ task: 'binary', classes: ['0', '1'], counts: [1, 2] })
    expect(await read([3, 1, 2, 2])).toMatchObject({ task: 'multiclass', classes: ['1', '2', '3'] })
    expect(await read(many)).toMatchObject({ task: 'regression', classes: [], counts: [] })
    expect(await read([1, 2, 3], { task: 'regression' })).toMatchObject({ task: 'regression' })
    expect(await read([0.5, 1.5, 2.5])).toMatchObject({ task: 'regression' })
  })

  it('puts the positive class second', async () => {
    expect(await read(['yes', 'no'])).toMatchObject({ classes: ['no', 'yes'] })
    expect(await read(['true', 'false'])).toMatchObject({ classes: ['false', 'true'] })
    expect(await read([2, 1], { positive: '1' })).toMatchObject({ classes: ['2', '1'] })
    expect(await read(['good', 'bad'])).toMatchObject({ classes: ['bad', 'good'] })
    expect(await read(['good', 'bad'], { positive: 'bad' })).toMatchObject({ classes: ['good', 'bad'] })
  })

  it('may be late where the project says so', async () => {
    const text = `${plainTable(60)}7,\n8,\n`
    const { split, warnings, profile } = await folder.ingestText(text, {
      label: 'bought',
      label_arrives_after: 1,
      split: splitBy('stratified'),
    })
    expect(profile.label?.missing).toBe(2)
    expect(split?.rows).toMatchObject({ unlabelled: 2, train: 48 })
    expect(warnings.map((warning) => warning.code)).toEqual(['ORRERY_DATA_ROWS_UNLABELLED'])
  })
})

it('shows the first rows as text', async () => {
  const { preview } = await folder.ingestText(`${plainTable(80)}5,${'x'.repeat(500)}\n`)
  expect(preview.rows).toHaveLength(50)
  expect(preview.rows.slice(0, 2)).toEqual([
    ['0.0', 'yes'],
    ['1.5', 'no'],
  ])
})

it('leaves nothing but the table behind, and nothing under its name when it fails', async () => {
  const { readdir } = await import('node:fs/promises')
  const target = folder.target()
  await folder.ingestText(plainTable(10), {}, { target })
  expect(await readdir(target)).toEqual(['table.parquet'])
  const failed = folder.target()
  await expect(folder.ingestText('a,b\n1,2\n3\n', {}, { target: failed })).rejects.toThrow('cells')
  expect(await readdir(failed)).not.toContain('table.parquet')
})
