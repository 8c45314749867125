import { mkdir, symlink } from 'node:fs/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createHash } from 'node:crypto'
import { readFrame } from '../frame.ts'
import { resolveSource } from '../source.ts'
import { plainTable, testFolder } from '../tables.fixture.ts'

const folder = testFolder()
const TABLE = plainTable(40)
const JSON_LINES = Array.from(
  { length: 40 },
  (_, i) => `{"amount":${i * 1.5},"bought":"${i % 3 === 0 ? 'yes' : 'no'}"}\n`,
)
const code = (part: string) => ({ code: `ORRERY_DATA_${part}`, hint: expect.stringMatching(/\w+ .*[.]$/) })

async function columnsOf(source: string) {
  const { schema, rows, parquetPath } = await folder.ingest({ source })
  return { rows, parquetPath, columns: schema.columns.map(({ name, type }) => `${name} ${type}`) }
}

describe('a compressed text', () => {
  it.each([
    ['table.csv.gz', gzipSync(TABLE)],
    ['table.csv.zst', zstdCompressSync(TABLE)],
    ['by-its-bytes', gzipSync(TABLE)],
    ['lines.jsonl.gz', gzipSync(JSON_LINES.join(''))],
    ['lines.ndjson.zst', zstdCompressSync(JSON_LINES.join(''))],
    ['two-members.csv.gz', Buffer.concat([gzipSync(TABLE.slice(0, 100)), gzipSync(TABLE.slice(100))])],
  ])('%s is the table it holds', async (name, bytes) => {
    await folder.write(name, bytes)
    const read = await folder.ingest({ source: name, label: 'bought' })
    expect(read.contentHash).toBe((await folder.ingestText(TABLE, { label: 'bought' })).contentHash)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(read.source).toMatchObject({ files: [{ name, bytes: bytes.length, sha256 }] })
    // Pinned as `sha256sum` prints it: the file as it stands.
    expect((await folder.ingest({ source: name, sha256, label: 'bought' })).contentHash).toBe(read.contentHash)
  })

  it('says which line is wrong, under its own name', async () => {
    await folder.write('odd.csv.gz', gzipSync('a,b\n1,2\n3\n'))
    await expect(columnsOf('odd.csv.gz')).rejects.toMatchObject({
      ...code('ROW_RAGGED'),
      details: { file: 'odd.csv.gz', line: 3 },
    })
    await folder.write('latin.csv.gz', gzipSync(Buffer.from('name\ncaf\xe9\n', 'latin1')))
    await expect(columnsOf('latin.csv.gz')).rejects.toMatchObject(code('NOT_UTF8'))
    await folder.write('ends.csv.gz', gzipSync('a,b\r\n1,2\n3,4\r\n'))
    expect((await columnsOf('ends.csv.gz')).rows).toBe(2)
    await folder.write('bom.csv.zst', zstdCompressSync('\uFEFFa,b\n1,2\n'))
    expect((await columnsOf('bom.csv.zst')).columns).toEqual(['a numeric', 'b numeric'])
  })

  const noise = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `${Math.sin(i)}\n`).join(''))
  it.each([
    ['cut.csv.gz', gzipSync(noise).subarray(0, -9)],
    ['cut.csv.zst', zstdCompressSync(noise).subarray(0, -9)],
    ['damaged.csv.gz', damaged(gzipSync(noise))],
    ['cut-at-once.csv.gz', gzipSync(noise).subarray(0, 12)],
  ])('%s is refused', async (name, bytes) => {
    await folder.write(name, bytes)
    await expect(columnsOf(name)).rejects.toMatchObject({
      ...code('COMPRESSED_BROKEN'),
      message: expect.stringContaining(name),
    })
  })

  it.each([
    ['bomb.csv.gz', () => gzipSync(Buffer.alloc(270e6, 'a,b\n'))],
    ['bomb.csv.zst', () => zstdCompressSync(Buffer.alloc(270e6, 'a,b\n'))],
  ])('%s, made to fill a disk, is refused before it does', { timeout: 60_000 }, async (name, bytes) => {
    await folder.write(name, bytes())
    await expect(columnsOf(name)).rejects.toMatchObject({
      ...code('UNPACKED_TOO_LARGE'),
      message: expect.stringMatching(/kB become more than 2\d\d MB/),
    })
  })

  it.each([
    ['twice.csv.gz', gzipSync(gzipSync(TABLE)), 'is compressed twice'],
    ['empty.csv.gz', gzipSync(''), 'holds an empty file'],
    ['archive.tar.gz', gzipSync(tar()), 'is a tar archive'],
    ['t.csv.bz2', Buffer.from('BZh91AY&SY...'), 'is compressed with bzip2'],
  ])('%s: %s', async (name, bytes, what) => {
    await folder.write(name, bytes)
    await expect(columnsOf(name)).rejects.toMatchObject({ message: `${name} ${what}.` })
  })
})

function damaged(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, 5_000), Buffer.alloc(50, 7), bytes.subarray(5_050)])
}

function tar(): Buffer {
  const header = Buffer.alloc(1024)
  header.write('table.csv', 0)
  header.write('ustar', 257)
  return header
}

describe('a folder', () => {
  it('is all its tables, in the order of their names, without what lies beside them', async () => {
    for (const name of ['many/b', 'many/a/deep', 'many/_temporary', 'many/.cache'])
      await mkdir(folder.path(name), { recursive: true })
    await folder.write('many/2.csv', 'x,y\n2,b\n')
    await folder.write('many/1.csv.gz', gzipSync('x,y\n1,a\n'))
    await folder.write('many/a/deep/0.csv', 'x,y\n0,z\n')
    await folder.write('many/_temporary/9.csv', 'x,y\n9,z\n')
    await folder.write('many/README.md', '# no table')
    await folder.write('many/_SUCCESS', '')
    await symlink(folder.path('many'), folder.path('many/b/loop'))
    const { files } = await resolveSource({ source: 'many', folder: folder.path(), downloads: folder.path('d') })
    expect(files.map((file) => file.name)).toEqual(['many/1.csv.gz', 'many/2.csv', 'many/a/deep/0.csv'])
    const { rows, parquetPath } = await columnsOf('many')
    expect(rows).toBe(3)
    const { frame } = await readFrame(parquetPath, { columns: ['x'] })
    expect([...(frame.columns[0] as { values: Float64Array }).values]).toEqual([1, 2, 0])
  })

  it('of different formats, without a table, or with one that has other columns is refused', async () => {
    await mkdir(folder.path('mixed'))
    await mkdir(folder.path('bare'))
    await folder.write('mixed/1.csv', 'x\n1\n')
    await folder.write('mixed/2.jsonl', '{"x":1}\n')
    await folder.write('bare/notes.md', '# nothing')
    await expect(columnsOf('mixed')).rejects.toMatchObject(code('FILES_DIFFER'))
    await expect(columnsOf('bare')).rejects.toMatchObject({
      ...code('SOURCE_NOT_FOUND'),
      message: expect.stringContaining('no table in the folder'),
    })
  })
})

describe('folders that name columns', () => {
  const write = async (name: string, content: string | Uint8Array) => {
    await mkdir(folder.path(name, '..'), { recursive: true })
    await folder.write(name, content)
  }

  it.each([
    ['sales-csv', 'part.csv', (i: number) => `amount,who\n${i},a\n${i + 1},b\n`],
    ['sales-gz', 'part.csv.gz', (i: number) => gzipSync(`amount,who\n${i},a\n${i + 1},b\n`)],
    ['sales-json', 'part.jsonl', (i: number) => `{"amount":${i},"who":"a"}\n{"amount":${i + 1},"who":"b"}\n`],
    // Files whose line ends are mixed are copied: the copy is told the same.
    ['sales-ends', 'part.csv', (i: number) => `amount,who\r\n${i},a\n${i + 1},b\r\n`],
  ])('%s', async (top, name, content) => {
    for (const [i, year] of ['2023', '2024', '2025'].entries())
      await write(`${top}/year=${year}/region=north%20west/${name}`, content(i * 10))
    for (const source of [top, `${top}/**/part*`, `${top}/year=*`]) {
      const { columns, rows, parquetPath } = await columnsOf(source)
      expect(columns).toEqual(['amount numeric', 'who categorical', 'year numeric', 'region categorical'])
      expect(rows).toBe(6)
      const { frame } = await readFrame(parquetPath, { columns: ['amount', 'year', 'region'] })
      const [amount, year, region] = frame.columns as unknown as [
        { values: Float64Array },
        { values: Float64Array },
        { categories: string[] },
      ]
      expect([...amount.values]).toEqual([0, 1, 10, 11, 20, 21])
      expect([...year.values]).toEqual([2023, 2023, 2024, 2024, 2025, 2025])
      expect(region.categories).toEqual(['north west'])
    }
    // One file by its name is that file; so is a folder's name above the project no column.
    expect((await columnsOf(`${top}/year=2024/region=north%20west/${name}`)).columns).toHaveLength(2)
  })

  it('of Parquet; a column that the files hold too stands once, and no value is none', async () => {
    const { parquetPath } = await folder.ingestText('amount,year\n1,2023\n2,2023\n')
    const { readFile } = await import('node:fs/promises')
    const bytes = await readFile(parquetPath)
    await write('lake/year=2023/day=1/0.parquet', bytes)
    await write('lake/year=2023/day=__HIVE_DEFAULT_PARTITION__/0.parquet', bytes)
    const read = await folder.ingest({ source: 'lake' })
    expect(read.schema.columns.map(({ name, missing }) => [name, missing])).toEqual([
      ['amount', 0],
      ['year', 0],
      ['day', 2],
    ])
    expect(read.profile.columns.find(({ name }) => name === 'year')!.numbers!.max).toBe(2023)
  })

  it('differently is refused', async () => {
    await write('uneven/year=2023/0.csv', 'x\n1\n')
    await write('uneven/0.csv', 'x\n1\n')
    await expect(columnsOf('uneven')).rejects.toMatchObject(code('FILES_DIFFER'))
  })
})
