// biome-ignore-all lint/suspicious/noTemplateCurlyInString: so a secret is written in the project file.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseProject } from '#projects'
import type { DatasetSpec } from '../contract.ts'
import { readFrame } from '../frame.ts'
import { testFolder } from '../tables.fixture.ts'

const folder = testFolder()
const TOKEN = 's3cret/t0ken+with=signs'
const code = (part: string) => ({ code: `ORRERY_DATA_${part}`, hint: expect.stringMatching(/\w+ .*[.]$/) })

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void
let server: Server
let base: string
let requests: string[] = []
let answers: Record<string, Answer> = {}

beforeAll(async () => {
  process.env.ORRERY_SECRET_API_TOKEN = TOKEN
  server = createServer((request, response) => {
    const url = new URL(request.url!, base)
    requests.push(`${url.pathname}${url.search}`)
    const answer = answers[url.pathname]
    if (answer) answer(request, response, url)
    else response.writeHead(404).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  delete process.env.ORRERY_SECRET_API_TOKEN
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  requests = []
  answers = {}
})

/** A data set as orrery.yaml has it: read from text, so that the file's own rules count. */
function written(yaml: string): DatasetSpec {
  const set = yaml.replace(/\bBASE\b/g, base).replace(/^/gm, '    ')
  return parseProject(`project: p\ndata:\n  learned: { source: t.csv, label: y }\n  d:\n${set}`).spec.data.d!
}
const read = (yaml: string) => folder.ingest(written(yaml))
const json =
  (body: unknown): Answer =>
  (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const row = (i: number) => ({ id: `c${i}`, amount: i * 1.5, address: { city: ['Rome', 'Oslo'][i % 2], at: null } })

async function amounts(parquetPath: string) {
  const { frame } = await readFrame(parquetPath, { columns: ['amount'] })
  return [...(frame.columns[0] as { values: Float64Array }).values]
}

describe('an API', () => {
  it('gives its records page by page: by the address of the next page', async () => {
    answers['/orders'] = (request, response, url) => {
      expect(request.headers.authorization).toBe(`Bearer ${TOKEN}`)
      const page = Number(url.searchParams.get('page') ?? 1)
      const next = page < 3 ? `/orders?page=${page + 1}` : null
      json({ data: { items: [row(page * 2), row(page * 2 + 1)] }, links: { next } })(request, response, url)
    }
    const { rows, schema, source, parquetPath } = await read(`
source: BASE/orders
poll: 1d
request:
  headers: { Authorization: "Bearer \${secret.API_TOKEN}" }
  parameters: { per_page: 2 }
  records: data.items
  next: links.next`)
    expect(rows).toBe(6)
    expect(schema.columns.map(({ name }) => name)).toEqual(['id', 'amount', 'address.city', 'address.at'])
    expect(await amounts(parquetPath)).toEqual([3, 4.5, 6, 7.5, 9, 10.5])
    expect(requests).toEqual(['/orders?per_page=2', '/orders?page=2', '/orders?page=3'])
    expect(source).toMatchObject({
      kind: 'taken',
      place: 'api',
      source: `${base}/orders`,
      what: '6 records on 3 pages',
    })
    expect(JSON.stringify(source)).not.toContain(TOKEN)
  })

  it('by number, by offset, by cursor, by the Link header', async () => {
    const pageOf = (from: number) => Array.from({ length: Math.max(0, Math.min(2, 5 - from)) }, (_, i) => row(from + i))
    answers['/numbered'] = (request, response, url) =>
      json(pageOf(Number(url.searchParams.get('p')) * 2))(request, response, url)
    answers['/offset'] = (request, response, url) =>
      json({ rows: pageOf(Number(url.searchParams.get('offset'))) })(request, response, url)
    answers['/cursor'] = (request, response, url) => {
      const at = Number(url.searchParams.get('after') ?? 0)
      json({ rows: pageOf(at), meta: { cursors: [{ after: at + 2 < 5 ? at + 2 : '' }] } })(request, response, url)
    }
    answers['/linked'] = (_, response, url) => {
      const at = Number(url.searchParams.get('at') ?? 0)
      if (at + 2 < 5) response.setHeader('link', `<${base}/x>; rel="prev", <${base}/linked?at=${at + 2}>; rel="next"`)
      response.end(JSON.stringify(pageOf(at)))
    }
    for (const yaml of [
      'source: BASE/numbered\npoll: 1d\nrequest: { records: ., page: { parameter: p, from: 0 } }',
      'source: BASE/offset\npoll: 1d\nrequest: { records: rows, page: { parameter: offset, from: 0, step: 2 } }',
      'source: BASE/cursor\npoll: 1d\nrequest: { records: rows, cursor: { parameter: after, at: "meta.cursors[0].after" } }',
      'source: BASE/linked\npoll: 1d\nrequest: { records: ., next: link }',
    ])
      expect(await amounts((await read(yaml)).parquetPath), yaml).toEqual([0, 1.5, 3, 4.5, 6])
  })

  it('may be pinned: other records are another source', async () => {
    answers['/rows'] = json([row(1)])
    const { source } = await read('source: BASE/rows\npoll: 1d\nrequest: { records: . }')
    const { sha256 } = source as { sha256: string }
    await read(`source: BASE/rows\nsha256: ${sha256}\nrequest: { records: . }`)
    answers['/rows'] = json([row(2)])
    await expect(read(`source: BASE/rows\nsha256: ${sha256}\nrequest: { records: . }`)).rejects.toMatchObject(
      code('SOURCE_ALTERED'),
    )
  })

  it('is asked again when it is busy or a connection breaks, and waits as long as it is told', async () => {
    const faults: Answer[] = [
      (_, response) => response.writeHead(500).end('oops'),
      (_, response) => response.writeHead(429, { 'retry-after': '1' }).end(),
      (_, response) => {
        response.writeHead(200, { 'content-length': '5000' })
        response.write('[{"id":', () => response.destroy())
      },
    ]
    const started = Date.now()
    answers['/flaky'] = (...call) => (faults.shift() ?? json([row(1), row(2)]))(...call)
    expect((await read('source: BASE/flaky\npoll: 1d\nrequest: { records: . }')).rows).toBe(2)
    expect(requests).toHaveLength(4)
    expect(Date.now() - started).toBeGreaterThan(1_000)
  })

  const plain = 'poll: 1d\nrequest: { records: ., headers: { X-Api-Key: "${secret.API_TOKEN}" } }'
  it.each<[string, Answer, string, string]>([
    ['500 for ever', (_, r) => r.writeHead(500).end(), 'SOURCE_UNREACHABLE', 'it answered 500'],
    ['429 for an hour', (_, r) => r.writeHead(429, { 'retry-after': '3600' }).end(), 'SOURCE_UNREACHABLE', '429'],
    ['half a body', halfBody, 'SOURCE_UNREACHABLE', 'cut'],
    ['403', (_, r) => r.writeHead(403).end(), 'SOURCE_DENIED', 'it answered 403'],
    ['404', (_, r) => r.writeHead(404).end(), 'SOURCE_UNREACHABLE', 'it answered 404'],
    ['a page to log in', (_, r) => r.setHeader('content-type', 'text/html').end('<html>'), 'ANSWER_UNREADABLE', 'HTML'],
    ['no JSON', (_, r) => r.end('{"a":'), 'ANSWER_UNREADABLE', 'no JSON'],
    ['no list', json({ error: 'nope' }), 'ANSWER_UNREADABLE', 'stands an object'],
    ['a list of numbers', json([1, 2]), 'ANSWER_UNREADABLE', 'no object but the number 1'],
    ['no records', json([]), 'TABLE_EMPTY', 'gave no records'],
    ['lists within', json([{ a: [1] }]), 'COLUMN_UNSUPPORTED', '"a"'],
    ['an answer that names the secret', (q, r) => r.end(`no ${q.headers['x-api-key']}`), 'ANSWER_UNREADABLE', ''],
  ])('%s', { timeout: 30_000 }, async (_, answer, part, message) => {
    answers['/bad'] = answer
    const failed = read(`source: BASE/bad\n${plain}`)
    await expect(failed).rejects.toMatchObject({ ...code(part), message: expect.stringContaining(message) })
    const error = (await failed.catch((one) => one)) as Error & { details: unknown }
    expect(`${error.message} ${error.stack} ${JSON.stringify(error.details)}`).not.toContain(TOKEN)
  })

  it('whose pages never end is given up', async () => {
    answers['/same'] = json({ rows: [row(1)], next: '/same' })
    await expect(read('source: BASE/same\npoll: 1d\nrequest: { records: rows, next: next }')).rejects.toMatchObject({
      ...code('PAGING_ENDLESS'),
      message: expect.stringContaining('read before'),
    })
    answers['/full'] = json([row(1)])
    await expect(
      read('source: BASE/full\npoll: 1d\nrequest: { records: ., page: {}, most: 20 }'),
    ).rejects.toMatchObject({
      ...code('PAGING_ENDLESS'),
      message: expect.stringContaining('more than 20'),
    })
    expect(requests).toHaveLength(21)
  })

  it('sends its headers to no other server: not to the next page, not where it is redirected', async () => {
    let stolen: unknown = 'nothing asked'
    const thief = createServer((request, response) => {
      stolen = request.headers['x-api-key']
      response.end('[{"a":1}]')
    }).listen(0, '127.0.0.1')
    await once(thief, 'listening')
    const elsewhere = `http://127.0.0.1:${(thief.address() as AddressInfo).port}/`
    answers['/leads-away'] = json({ rows: [row(1)], next: elsewhere })
    await expect(
      read('source: BASE/leads-away\npoll: 1d\nrequest: { records: rows, next: next }'),
    ).rejects.toMatchObject(code('ANSWER_UNREADABLE'))
    expect(stolen).toBe('nothing asked')
    answers['/redirects'] = (_, response) => response.writeHead(302, { location: elsewhere }).end()
    await read(`source: BASE/redirects\n${plain}`)
    expect(stolen).toBeUndefined()
    thief.close()
  })

  it('needs its secret', async () => {
    await expect(
      read('source: BASE/x\npoll: 1d\nrequest: { records: ., headers: { X-Api-Key: "${secret.NO_SUCH}" } }'),
    ).rejects.toMatchObject({ ...code('SECRET_MISSING'), message: 'There is no secret NO_SUCH.' })
    expect(requests).toEqual([])
  })
})

function halfBody(_: IncomingMessage, response: ServerResponse) {
  response.writeHead(200, { 'content-length': '5000' })
  response.write('[{"id":', () => response.destroy())
}

describe('a file on the web that is polled', () => {
  it('is read as it is now, whatever it is compressed with, with headers and parameters', async () => {
    let table = 'a,b\n1,2\n'
    answers['/export.csv.gz'] = (request, response, url) => {
      expect([request.headers['x-api-key'], url.searchParams.get('token')]).toEqual([TOKEN, TOKEN])
      response.end(gzipSync(table))
    }
    const yaml = `
source: BASE/export.csv.gz?token=\${secret.API_TOKEN}
poll: 1h
request: { headers: { X-Api-Key: "\${secret.API_TOKEN}" } }`
    const first = await read(yaml)
    expect(first.source).toMatchObject({ kind: 'url' })
    table = 'a,b\n1,2\n3,4\n'
    expect((await read(yaml)).rows).toBe(2)
    expect(JSON.stringify(first.source)).not.toContain(encodeURIComponent(TOKEN))
  })

  it('a transport that was compressed unasked is no matter; a page of HTML is no table', async () => {
    answers['/t.csv'] = (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('a\n1\n'))
    expect((await read('source: BASE/t.csv\npoll: 1h')).rows).toBe(1)
    answers['/login.csv'] = (_, response) => response.end('<!DOCTYPE html><html><body>Log in')
    await expect(read('source: BASE/login.csv\npoll: 1h')).rejects.toMatchObject({
      ...code('FORMAT_UNKNOWN'),
      message: expect.stringContaining('a page of HTML'),
    })
  })
})

describe('what the project file says of sources', () => {
  const problem = (yaml: string) => {
    try {
      written(yaml)
      return 'accepted'
    } catch (error) {
      return (error as Error & { problems: { path: string; wrong: string }[] }).message
    }
  }
  it.each([
    ['source: https://x.org/a.csv', 'may change under you'],
    ['source: http://x.org/a.csv\npoll: 1d', 'can be read and changed on its way'],
    ['source: ftp://x.org/a.csv', 'cannot be read from ftp://'],
    ['source: postgres://u:pass@db/x\ntable: t', 'a password cannot stand in the project file'],
    ['source: postgres://u:${secret.PG}@db/x', 'a database has many tables'],
    ['source: postgres://u@db/x\ntable: t\nquery: SELECT 1', 'exclude each other'],
    ['source: https://x.org/a?api_key=abc\npoll: 1d', 'the value of api_key cannot stand'],
    [
      'source: https://x.org/a\npoll: 1d\nrequest: { headers: { Authorization: Bearer abc } }',
      'the value of Authorization',
    ],
    ['source: https://x.org/a\npoll: 1d\nrequest: { next: n }', 'pages need to know where the rows are'],
    ['source: https://x.org/a\npoll: 1d\nrequest: { records: a, next: n, page: {} }', 'exclude each other'],
    ['source: https://x.org/a\npoll: 1d\nrequest: { records: "a b" }', 'no place in an answer'],
    ['source: s3://b/k\ns3: { secret_key: abc }', 'a key cannot stand in the project file'],
    ['source: t.csv\ns3: { region: x }', 'belongs to a bucket'],
    ['source: "${secret.lower}"', 'no name of a secret'],
    ['source: upload://x', 'an upload has no address'],
    ['source: predictions://', 'needs an endpoint'],
    ['source: t.csv\nsensitivity: secretive', 'secretive'],
  ])('%s: %s', (yaml, message) => {
    expect(problem(yaml)).toContain(message)
  })

  it.each([
    'source: postgres://u:${secret.PG}@db:5432/x?sslmode=require\ntable: sales.orders',
    'source: "${secret.DATABASE_URL}"\nquery: SELECT 1 AS one',
    'source: shop.db\ntable: orders',
    'source: s3://bucket/year=*/*.parquet\ns3: { endpoint: "https://minio.example.org" }',
    'source: upload://\nowner: a@example.org\nlicence: CC-BY-4.0\ncost: none\nsensitivity: personal\nfresh_within: 2d',
    'source: predictions://churn',
  ])('%s is accepted', (yaml) => {
    expect(problem(yaml)).toBe('accepted')
  })
})
