import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { downloadPinned } from './download.ts'
import { readFrame } from './frame.ts'
import { resolveSource } from './source.ts'
import { plainTable, testFolder } from './tables.fixture.ts'

const folder = testFolder()
const TABLE = plainTable(40)
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('a source on the web', () => {
  let server: Server
  let base: string
  let asked = 0

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked++
      const answers: Record<string, () => void> = {
        '/table.csv': () => response.end(TABLE),
        '/moved': () => response.writeHead(302, { location: '/table.csv' }).end(),
        '/endless': () => {
          response.write('a,b\n')
          const timer = setInterval(() => response.write('1,2\n'.repeat(10_000)), 1)
          response.on('close', () => clearInterval(timer))
        },
        '/silent': () => response.write('a,b\n'),
        '/cut': () => {
          response.writeHead(200, { 'content-length': '1000' })
          response.write('a,b\n', () => response.destroy())
        },
        '/declared-huge': () => response.writeHead(200, { 'content-length': '99999999999' }).write('a'),
      }
      const answer = answers[request.url!]
      if (answer) answer()
      else response.writeHead(404).end('nothing here')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('is downloaded, checked, read and not downloaded again', async () => {
    const spec = { source: `${base}/table.csv`, sha256: sha256(TABLE), label: 'bought' }
    const target = folder.target()
    const { contentHash, source } = await folder.ingest(spec, { target })
    expect(contentHash).toBe((await folder.ingestText(TABLE)).contentHash)
    expect(source).toEqual({ kind: 'url', source: spec.source, bytes: Buffer.byteLength(TABLE), sha256: spec.sha256 })
    const before = asked
    await folder.ingest(spec, { target })
    expect(asked).toBe(before)
    await writeFile(`${target}/downloads/${spec.sha256}`, 'tampered with')
    expect((await folder.ingest(spec, { target })).contentHash).toBe(contentHash)
    expect(asked).toBe(before + 1)
  })

  it('is followed where it moved', async () => {
    const { contentHash } = await folder.ingest({ source: `${base}/moved`, sha256: sha256(TABLE) })
    expect(contentHash).toBe((await folder.ingestText(TABLE)).contentHash)
  })

  it('must be pinned', async () => {
    await expect(folder.ingest({ source: `${base}/table.csv` })).rejects.toMatchObject({
      code: 'ORRERY_DATA_SOURCE_UNPINNED',
    })
  })

  it('was altered', async () => {
    const downloads = folder.path('altered')
    const wrong = sha256('something else')
    await expect(downloadPinned(`${base}/table.csv`, wrong, downloads)).rejects.toMatchObject({
      code: 'ORRERY_DATA_SOURCE_ALTERED',
      details: { expected: wrong, actual: sha256(TABLE) },
    })
    expect(await readdir(downloads)).toEqual([])
  })

  const limits = { size: 100_000, total: 3_000, silence: 300 }
  it.each([
    ['/none.csv', 'UNREACHABLE', 'it answered 404 Not Found'],
    ['/silent', 'UNREACHABLE', 'it said nothing for 0.3 seconds'],
    ['/cut', 'UNREACHABLE', ''],
    ['/endless', 'TOO_LARGE', 'larger than the 0 MB'],
    ['/declared-huge', 'TOO_LARGE', ''],
  ])('%s: %s', async (path, code, message) => {
    const downloads = folder.path(`failed${path.replace('/', '-')}`)
    const failed = downloadPinned(`${base}${path}`, sha256(TABLE), downloads, { patience: limits })
    await expect(failed).rejects.toMatchObject({
      code: `ORRERY_DATA_SOURCE_${code}`,
      message: expect.stringContaining(message),
    })
    expect(await readdir(downloads)).toEqual([])
  })

  it('trickles for too long', async () => {
    const slow = downloadPinned(`${base}/endless`, sha256(TABLE), folder.path('slow'), {
      patience: { ...limits, size: 1e12, total: 500 },
    })
    await expect(slow).rejects.toMatchObject({ code: 'ORRERY_DATA_SOURCE_UNREACHABLE' })
  })

  it('cannot be reached: no server, no such host', async () => {
    const pin = sha256(TABLE)
    await expect(downloadPinned('http://127.0.0.1:9/x.csv', pin, folder.path('d'))).rejects.toMatchObject({
      code: 'ORRERY_DATA_SOURCE_UNREACHABLE',
      status: 502,
    })
    await expect(downloadPinned('http://no-such-host.invalid/x.csv', pin, folder.path('d'))).rejects.toMatchObject({
      code: 'ORRERY_DATA_SOURCE_UNREACHABLE',
      message: expect.stringMatching(/no-such-host\.invalid/),
    })
  })
})

describe('files', () => {
  const resolve = (source: string) => resolveSource({ source, folder: folder.path(), downloads: folder.path('d') })

  it('are found by path, relative or absolute, and by glob in the order of their names', async () => {
    await mkdir(folder.path('tables'), { recursive: true })
    for (const name of ['b', 'a', 'c']) await folder.write(`tables/${name}.csv`, TABLE)
    const names = async (source: string) => (await resolve(source)).files.map((file) => file.name)
    expect(await names('tables/b.csv')).toEqual(['tables/b.csv'])
    expect(await names(folder.path('tables/b.csv'))).toEqual([folder.path('tables/b.csv')])
    expect(await names('tables/*.csv')).toEqual(['tables/a.csv', 'tables/b.csv', 'tables/c.csv'])
    expect(await names('**/{a,c}.csv')).toEqual(['tables/a.csv', 'tables/c.csv'])
  })

  it('may be links, in folders that are links', async () => {
    await mkdir(folder.path('real-folder'), { recursive: true })
    await folder.write('real-folder/real.csv', TABLE)
    await symlink(folder.path('real-folder/real.csv'), folder.path('linked.csv'))
    await symlink(folder.path('real-folder'), folder.path('linked-folder'))
    const { contentHash } = await folder.ingestText(TABLE)
    expect((await folder.ingest({ source: 'linked.csv' })).contentHash).toBe(contentHash)
    const target = folder.path('linked-folder/out')
    const linked = await folder.ingest({ source: 'linked-folder/real.csv' }, { target })
    expect(linked.contentHash).toBe(contentHash)
    expect((await readFrame(`${target}/table.parquet`, { columns: ['amount'] })).frame.rows).toBe(40)
  })

  it('are known by their first bytes, then by their extension', async () => {
    const format = async (name: string, content: string | Uint8Array) => {
      await folder.write(name, content)
      return (await resolve(name)).format
    }
    expect(await format('t.tsv', 'a\tb\n')).toBe('csv')
    expect(await format('t.ndjson', '{"a":1}\n')).toBe('json')
    expect(await format('t.csv', 'PAR1....')).toBe('parquet')
    expect(await format('data', '{"a":1}\n')).toBe('json')
    expect(await format('data.d', 'a,b\n')).toBe('csv')
  })

  it('that are written to while they are read are refused', async () => {
    await folder.write('growing.csv', TABLE)
    let grown = false
    const reading = folder.ingest(
      { source: 'growing.csv' },
      {
        progress: (message) => {
          if (message !== 'profiling' || grown) return
          grown = true
          void folder.write('growing.csv', `${TABLE}1,no\n`)
        },
      },
    )
    await expect(reading).rejects.toMatchObject({ code: 'ORRERY_DATA_SOURCE_CHANGED_WHILE_READ' })
  })
})

it('reads a pinned path only as it was pinned', async () => {
  const { source } = await folder.ingestText(TABLE, { sha256: sha256(TABLE) })
  expect(source).toMatchObject({ files: [{ sha256: sha256(TABLE) }] })
  expect(existsSync(folder.path('table.csv')) && sha256(await readFile(folder.path('table.csv'), 'utf8'))).toBe(
    sha256(TABLE),
  )
})
