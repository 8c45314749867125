import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, symlink } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { OrreryError } from '#platform/errors'
import { withDuck } from './duckdb.ts'
import { plainTable, splitBy, testFolder } from './tables.fixture.ts'

const folder = testFolder()

/** The error's code and sentence; every one says what to do. */
async function refusal(reading: Promise<unknown>): Promise<string> {
  const error = (await reading.then(
    () => {
      throw new Error('it was accepted')
    },
    (thrown) => thrown,
  )) as OrreryError
  expect(error.hint, `${error.stack}`).toMatch(/\w+ .*[.?]$/)
  expect(error.code).toMatch(/^ORRERY_DATA_/)
  expect(error.status).toBe(422)
  return `${error.code.replace('ORRERY_DATA_', '')}: ${error.message}`
}

const labelled = { label: 'bought', split: splitBy('random') }

describe('a source that is no table', () => {
  it('does not exist', async () => {
    expect(await refusal(folder.ingest({ source: 'no/such.csv' }))).toMatch(
      /^SOURCE_NOT_FOUND: There is nothing at no\/such.csv/,
    )
    expect(await refusal(folder.ingest({ source: 'none-*.csv' }))).toMatch(/^SOURCE_NOT_FOUND: .*none-\*\.csv/)
  })

  it('is a folder without a table', async () => {
    await mkdir(folder.path('some-folder'))
    expect(await refusal(folder.ingest({ source: 'some-folder' }))).toMatch(
      /^SOURCE_NOT_FOUND: There is no table in the folder at some-folder/,
    )
  })

  it('may not be read', async () => {
    await chmod(await folder.write('secret.csv', plainTable(9)), 0)
    await chmod(folder.path('.'), 0o777)
    // Root may read everything: it becomes nobody for the time of the question.
    const root = process.getuid?.() === 0
    if (root) process.seteuid?.(65_534)
    try {
      expect(await refusal(folder.ingest({ source: 'secret.csv' }))).toMatch(/^SOURCE_UNREADABLE: secret.csv/)
    } finally {
      if (root) process.seteuid?.(0)
    }
  })

  it('is a link to nowhere', async () => {
    await symlink(folder.path('gone'), folder.path('dangling.csv'))
    expect(await refusal(folder.ingest({ source: 'dangling.csv' }))).toMatch(/^SOURCE_NOT_FOUND/)
  })

  it('is empty, or has a header and no rows', async () => {
    expect(await refusal(folder.ingestText(''))).toBe('TABLE_EMPTY: table.csv is an empty file.')
    expect(await refusal(folder.ingestText('a,b\n'))).toBe('TABLE_EMPTY: table.csv has a header but no rows.')
    expect(await refusal(folder.ingestText('a,b'))).toBe('TABLE_EMPTY: table.csv has a header but no rows.')
    expect(await refusal(folder.ingestText('\n\n\n'))).toMatch(/^HEADER_MISSING: .* it is blank/)
    expect(await refusal(folder.ingestText('{}\n{}\n', {}, { name: 'e.jsonl' }))).toMatch(/^TABLE_EMPTY: e.jsonl/)
  })

  it.each([
    ['1f8b0800', 'COMPRESSED_BROKEN: table.csv is no whole gzip file'],
    ['504b0304', 'SPREADSHEET_BROKEN: table.csv cannot be read as a spreadsheet'],
    ['28b52ffd', 'COMPRESSED_BROKEN: table.csv is no whole zstd file'],
    ['25504446', 'FORMAT_UNKNOWN: table.csv is a PDF'],
    [
      'd0cf11e0a1b11ae1',
      'FORMAT_UNKNOWN: table.csv is a spreadsheet of Excel 97 (.xls), or one with a password: save it as',
    ],
    [
      `504b0304${'00'.repeat(26)}${Buffer.from('mimetypeapplication/vnd.oasis.opendocument.spreadsheet').toString('hex')}`,
      'FORMAT_UNKNOWN: table.csv is an OpenDocument spreadsheet (.ods): save it as .xlsx or CSV',
    ],
    ['53514c69746520666f726d6174203300', 'FORMAT_UNKNOWN: table.csv is an SQLite database'],
  ])('starts with %s', async (bytes, what) => {
    const content = Buffer.concat([Buffer.from(bytes, 'hex'), Buffer.alloc(100)])
    expect(await refusal(folder.ingestText(content))).toContain(what)
  })

  it('has another sha256', async () => {
    const wrong = '0'.repeat(64)
    expect(await refusal(folder.ingestText(plainTable(9), { sha256: wrong }))).toMatch(
      /^SOURCE_ALTERED: table.csv is not what it was: its sha256 is [0-9a-f]{64}, expected 0{64}/,
    )
  })
})

describe('a header', () => {
  it('names a column twice, in whatever case', async () => {
    expect(await refusal(folder.ingestText('a,b,a\n1,2,3\n'))).toMatch(/^COLUMNS_DUPLICATE: .* called "a"/)
    expect(await refusal(folder.ingestText('a,b,A\n1,2,3\n'))).toMatch(/^COLUMNS_DUPLICATE: .* called "A"/)
    expect(await refusal(folder.ingestText('{"a":1,"A":2}\n', {}, { name: 'd.jsonl' }))).toMatch(/^COLUMNS_DUPLICATE/)
    expect(await refusal(folder.ingestText('{"a":1,"a":2}\n', {}, { name: 'd.jsonl' }))).toMatch(
      /^(COLUMNS_DUPLICATE|ROW_MALFORMED)/,
    )
  })

  it('is not there', async () => {
    expect(await refusal(folder.ingestText('1,2\n3,4\n'))).toMatch(/^HEADER_MISSING: .* it holds only numbers/)
    expect(await refusal(folder.ingestText('39,Private\n50,Private\n'))).toMatch(
      /^HEADER_MISSING: .*"Private" is a value of its column further down/,
    )
  })

  it.each([10_000, 50_000])('has %i columns: refused at once', async (columns) => {
    const names = Array.from({ length: columns }, (_, i) => `c${i}`).join(',')
    const row = Array.from({ length: columns }, (_, i) => i).join(',')
    const started = performance.now()
    const said = await refusal(folder.ingestText(`${names}\n${`${row}\n`.repeat(3)}`))
    expect(said).toMatch(/^TOO_MANY_COLUMNS: table.csv has (10,000|50,000) columns; at most 2,000 are read/)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('has 1,000 columns: read', { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `c${i}`)
    const lines = Array.from({ length: 300 }, (_, r) =>
      names.map((_, i) => (i % 5 === 0 ? `v${(r * i) % 7}` : r * i)).join(),
    )
    const { schema, profile } = await folder.ingestText(`${names.join()}\n${lines.join('\n')}\n`)
    expect(schema.columns.map((column) => column.type).slice(0, 6)).toEqual([
      'categorical',
      'identifier',
      'numeric',
      'numeric',
      'numeric',
      'categorical',
    ])
    expect(profile.columns[999]!.numbers).toMatchObject({ min: 0, max: 299 * 999 })
  })

  it('has 2,000 columns, the most there may be: read', { timeout: 240_000 }, async () => {
    const names = Array.from({ length: 2_000 }, (_, i) => `c${i}`)
    const lines = Array.from({ length: 3 }, (_, r) => names.map((_, i) => (i % 3 === 0 ? 'v' : r * i)).join())
    const { schema, rows } = await folder.ingestText(`${names.join()}\n${lines.join('\n')}\n`)
    expect([rows, schema.columns.length]).toEqual([3, 2_000])
  })

  it('has too many keys for a table of JSON lines', async () => {
    const record = Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`k${i}`, i]))
    expect(await refusal(folder.ingestText(`${JSON.stringify(record)}\n`, {}, { name: 'wide.jsonl' }))).toMatch(
      /^TOO_MANY_COLUMNS: wide.jsonl has 2,001 columns/,
    )
  })

  it('lacks the label, and the nearest name is suggested', async () => {
    await expect(folder.ingestText(plainTable(9), { label: 'bougth' })).rejects.toMatchObject({
      code: 'ORRERY_DATA_LABEL_COLUMN_MISSING',
      hint: 'Did you mean "bought"? Write it under `label`.',
    })
    expect(await refusal(folder.ingestText(plainTable(9), { label: 'quite-different' }))).toMatch(
      /There is no label column "quite-different"; the columns are "amount", "bought"/,
    )
  })

  it('lacks columns that the project file names', async () => {
    expect(await refusal(folder.ingestText(plainTable(9), { segments: ['region', 'shop'] }))).toBe(
      'COLUMNS_MISSING: The table lacks "region", "shop", which orrery.yaml names under `segments`.',
    )
    expect(await refusal(folder.ingestText(plainTable(9), { time: ['when'] }))).toMatch(/^COLUMNS_MISSING: .*`time`/)
  })
})

/** A whole number of three bytes as Parquet's footer writes it: seven bits a byte, the sign in the last one. */
function varint(value: number): Buffer {
  const bits = value * 2
  return Buffer.from([(bits & 0x7f) | 0x80, ((bits >> 7) & 0x7f) | 0x80, bits >> 14])
}

describe('rows', () => {
  it('are ragged', async () => {
    expect(await refusal(folder.ingestText('a,b\n1,2\n3\n'))).toBe(
      'ROW_RAGGED: line 3 of table.csv has 1 cells, the header has 2.',
    )
    const late = `a,b\n${'1,2\n'.repeat(200_000)}1,2,3\n${'1,2\n'.repeat(1_000)}`
    expect(await refusal(folder.ingestText(late))).toBe(
      'ROW_RAGGED: line 200,002 of table.csv has 3 cells, the header has 2.',
    )
  })

  it('have a quote that is not closed', async () => {
    expect(await refusal(folder.ingestText('a,b\n1,"2\n3,4\n'))).toMatch(
      /^ROW_MALFORMED: line 2 of table.csv cannot be read: a quoted cell is not closed/,
    )
  })

  it('have a line of three megabytes', async () => {
    expect(await refusal(folder.ingestText(`a,b\n1,2\n${'x'.repeat(3_000_000)},2\n`))).toMatch(
      /^ROW_MALFORMED: line 3 of table.csv cannot be read: the line is longer than 2 MB/,
    )
  })

  it('are no UTF-8: line and byte are named', async () => {
    const latin = Buffer.concat([Buffer.from(`a,b\n${'1,2\n'.repeat(9)}`), Buffer.from('3,caf\xe9\n', 'latin1')])
    expect(await refusal(folder.ingestText(latin))).toBe(
      'NOT_UTF8: line 11 of table.csv is no UTF-8: a byte sequence that is no character at byte 45.',
    )
    const utf16 = Buffer.from('\ufeffa,b\n1,2\n', 'utf16le')
    expect(await refusal(folder.ingestText(utf16))).toMatch(/^NOT_UTF8: .* the mark of UTF-16/)
    expect(await refusal(folder.ingestText('a,b\n1,x\0y\n'))).toMatch(/^NOT_UTF8: line 2 .* a NUL byte/)
  })

  it('are broken JSON, or JSON but no objects', async () => {
    const json = (text: string) => refusal(folder.ingestText(text, {}, { name: 'rows.jsonl' }))
    expect(await json('{"a":1}\n{"a":2\n{"a":3}\n')).toMatch(/^ROW_MALFORMED: line 3 of rows.jsonl cannot be read/)
    expect(await json('{"a":1}\n[1,2]\n')).toBe(
      'ROW_MALFORMED: row 2 of rows.jsonl cannot be read: it is a JSON array, not an object.',
    )
    for (const part of [1, 2, 3, 4])
      await folder.write(`part-${part}.jsonl`, part === 3 ? '{"a":1}\n{"b":2}\n7\n' : '{"a":1}\n'.repeat(5))
    expect(await refusal(folder.ingest({ source: 'part-*.jsonl' }))).toMatch(
      /^ROW_MALFORMED: row 3 of part-3\.jsonl cannot be read: it is a JSON/,
    )
    expect(await json('{"a":1}\n{"a":{"b":2}}\n')).toMatch(/^COLUMN_UNSUPPORTED: Column "a" .* a JSON object/)
  })

  it('are a Parquet file that was cut off, or lies about being one', async () => {
    const path = folder.path('whole.parquet')
    await withDuck({ folders: [folder.path()] }, (duck) =>
      duck.run(`COPY (SELECT i, i % 7 AS x FROM range(100000) t(i)) TO '${path}' (FORMAT parquet)`),
    )
    const whole = await readFile(path)
    const parquet = (content: Uint8Array) => refusal(folder.ingestText(content, {}, { name: 'broken.parquet' }))
    expect(await parquet(whole.subarray(0, whole.length / 2))).toMatch(/^PARQUET_BROKEN: broken.parquet/)
    expect(await parquet(Buffer.from('PAR1 nonsense'))).toMatch(/^PARQUET_BROKEN/)
    const damaged = Buffer.from(whole)
    damaged.fill(0xff, 1_000, 3_000)
    expect(await parquet(damaged)).toMatch(/^PARQUET_BROKEN/)
    // Its footer says of every part that it has more rows than are there.
    const lying = Buffer.from(whole)
    const rows = [200_000, 100_000, 61_440, 38_560, 122_880].map(varint)
    for (let at = lying.length - 8 - lying.readUInt32LE(lying.length - 8); at < lying.length - 8; at++)
      for (const said of rows) if (said.equals(lying.subarray(at, at + said.length))) lying[at + 2] = 0x7c
    expect(lying.equals(whole)).toBe(false)
    expect(await parquet(lying)).toMatch(/^PARQUET_BROKEN/)
  })
})

describe('a column', () => {
  it('holds numbers but for a few cells: the first is named by its line', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => (i === 120 || i === 150 ? 'n/a' : i))
    const text = `a,b\n${rows.map((x) => `${x},1`).join('\n')}\n`
    expect(await refusal(folder.ingestText(text))).toBe(
      'MIXED_TYPES: Column "a" holds numbers but for 2 of 200 values: "n/a" in line 122 of table.csv.',
    )
    const read = await folder.ingestText(text, { columns: { a: { missing: ['n/a'] } } })
    expect(read.schema.columns[0]).toMatchObject({ name: 'a', type: 'numeric', missing: 2, integer: true })
  })

  it('goes wrong after the rows that types are guessed from, behind cells with line breaks', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},"two\nlines"`)
    const text = `a,b\n${rows.join('\n')}\nwrong,x\n`
    expect(await refusal(folder.ingestText(text))).toMatch(/"wrong" in line 60,002 of table.csv/)
  })

  it('is declared a number and is none', async () => {
    expect(
      await refusal(folder.ingestText('a,b\nx,1\ny,2\n', { columns: { a: { missing: [], type: 'number' } } })),
    ).toMatch(/^MIXED_TYPES: Column "a" holds numbers but for 2 of 2 values: "x" in line 2/)
  })

  it('holds infinity', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => (i === 15_000 ? 'inf' : i))
    expect(await refusal(folder.ingestText(`a\n${rows.join('\n')}\n`))).toMatch(/^MIXED_TYPES: .*"inf" in line 15,002/)
  })

  it('is the time, and a row has none', async () => {
    const spec = { time: ['when'] }
    expect(await refusal(folder.ingestText('when,x\n2025-01-01,1\n,2\n', spec))).toBe(
      'TIME_UNREADABLE: The time column "when" is missing in line 3 of table.csv.',
    )
    expect(await refusal(folder.ingestText('when,x\n01.02.2025,1\n', spec))).toBe(
      'TIME_UNREADABLE: The time column "when" holds "01.02.2025" in line 2 of table.csv.',
    )
    expect(await refusal(folder.ingestText('day,at,x\n2025-01-01,noon,1\n', { time: ['day', 'at'] }))).toBe(
      'TIME_UNREADABLE: The time column "at" holds "noon" in line 2 of table.csv.',
    )
  })
})

describe('the label', () => {
  it('has one class', async () => {
    expect(await refusal(folder.ingestText('x,bought\n1,no\n2,no\n3,no\n', labelled))).toBe(
      'LABEL_ONE_CLASS: The label "bought" is "no" in all 3 labelled rows: there is nothing to tell apart.',
    )
  })

  it('is missing here and there, or everywhere', async () => {
    const text = 'x,bought\n1,no\n2,\n3,yes\n4, \n'
    expect(await refusal(folder.ingestText(text, labelled))).toBe(
      'LABEL_VALUES_MISSING: The label "bought" is missing in 2 of 4 rows, the first in line 3 of table.csv.',
    )
    expect(await refusal(folder.ingestText('x,bought\n1,\n2,\n', { ...labelled, label_arrives_after: 1 }))).toBe(
      'LABEL_VALUES_MISSING: The label "bought" is missing in every row.',
    )
  })

  it('does not fit its task', async () => {
    expect(await refusal(folder.ingestText(plainTable(20), { ...labelled, task: 'regression' }))).toMatch(
      /^LABEL_UNFIT: .*holds text/,
    )
    expect(await refusal(folder.ingestText('x,bought\n1,a\n2,b\n3,c\n', { ...labelled, task: 'binary' }))).toMatch(
      /^LABEL_UNFIT: .*has 3 different values/,
    )
    expect(await refusal(folder.ingestText(plainTable(20), { ...labelled, positive: 'maybe' }))).toMatch(
      /^LABEL_UNFIT: .*never is "maybe"/,
    )
    const ids = Array.from({ length: 1_500 }, (_, i) => `${i},name-${i}`).join('\n')
    expect(await refusal(folder.ingestText(`x,bought\n${ids}\n`, labelled))).toBe(
      'LABEL_TOO_MANY_CLASSES: The label "bought" has 1,500 different values; at most 1,000 classes are told apart.',
    )
  })

  it('has too few rows to be split', async () => {
    expect(await refusal(folder.ingestText('x,bought\n1,no\n2,yes\n', labelled))).toMatch(/^SPLIT_EMPTY/)
  })
})

describe('a table unlike the version before', () => {
  const before = `when,amount,city\n${Array.from({ length: 30 }, (_, i) => `2025-01-${String(i + 1).padStart(2, '0')},${i},x${i % 3}`).join('\n')}\n`

  it('lacks a column', async () => {
    const { schema } = await folder.ingestText(before)
    expect(await refusal(folder.ingestText('when,city\n2025-01-01,x\n', {}, { previous: schema }))).toBe(
      'COLUMNS_MISSING: The table lacks "amount", which the version before has.',
    )
  })

  it('holds text where there were numbers, times where there was text is fine', async () => {
    const { schema } = await folder.ingestText(before)
    const changed = before.replace(',17,', ',n/a,')
    expect(await refusal(folder.ingestText(changed, {}, { previous: schema }))).toBe(
      'SCHEMA_SKEW: Column "amount" was numbers and no longer is in 1 of 30 rows (line 19 of table.csv: "n/a").',
    )
    const cities = before.replaceAll(/x\d$/gm, '2025-01-01')
    const read = await folder.ingestText(cities, {}, { previous: schema })
    expect(read.schema.columns.map((column) => column.type)).toEqual(['timestamp', 'numeric', 'categorical'])
  })
})

it.skipIf(!existsSync('/dev/full'))('a disk that is full is called so', async () => {
  const writing = withDuck({ folders: ['/dev'] }, (duck) =>
    duck.run("COPY (SELECT i FROM range(1000000) t(i)) TO '/dev/full' (FORMAT parquet)"),
  )
  await expect(writing).rejects.toMatchObject({ code: 'ORRERY_DATA_DISK_FULL', status: 507 })
})

describe('several files', () => {
  it('have different columns', async () => {
    await folder.write('part-1.csv', 'a,b\n1,2\n')
    await folder.write('part-2.csv', 'a,c\n1,2\n')
    expect(await refusal(folder.ingest({ source: 'part-*.csv' }))).toBe(
      'FILES_DIFFER: part-2.csv has other columns than part-1.csv: it lacks "b" and it has "c".',
    )
  })
})
