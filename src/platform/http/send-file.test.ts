import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sendFile } from './send-file.ts'

const TEXT = '0123456789'
const SHA256 = createHash('sha256').update(TEXT).digest()
const HASH = `sha256:${SHA256.toString('hex')}`

let folder: string
let app: FastifyInstance
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-send-'))
  const path = join(folder, 'file')
  await writeFile(path, TEXT)
  app = fastify()
  app.get('/', (request, reply) =>
    sendFile(request, reply, { path, hash: HASH, type: 'text/plain', name: 'a "b"\n.txt' }),
  )
})
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true, force: true })
})

const get = (headers: Record<string, string> = {}) => app.inject({ url: '/', headers })

it('sends all of it with its hash, under a name that cannot break the header', async () => {
  const { statusCode, body, headers } = await get()
  expect([statusCode, body]).toEqual([200, TEXT])
  expect(headers).toMatchObject({
    etag: `"${HASH}"`,
    'repr-digest': `sha-256=:${SHA256.toString('base64')}:`,
    'content-length': '10',
    'content-disposition': 'attachment; filename="a__b__.txt"',
  })
})

it.each([
  ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
  ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=-30', 206, TEXT, 'bytes 0-9/10'],
  ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
  ['bytes=5-2', 200, TEXT, undefined],
  ['bytes=0-1,4-5', 200, TEXT, undefined],
  ['lines=1-2', 200, TEXT, undefined],
])('answers %s with %i', async (range, status, text, contentRange) => {
  const { statusCode, body, headers } = await get({ range })
  expect([statusCode, body, headers['content-range']]).toEqual([status, text, contentRange])
})

it.each(['bytes=10-', 'bytes=-0'])('has nothing for %s and says how long the file is', async (range) => {
  const { statusCode, headers } = await get({ range })
  expect([statusCode, headers['content-range']]).toEqual([416, 'bytes */10'])
})

it('goes on only with the file that was begun, and sends nothing that is known', async () => {
  expect((await get({ range: 'bytes=4-', 'if-range': `"${HASH}"` })).body).toBe('456789')
  expect((await get({ range: 'bytes=4-', 'if-range': '"sha256:other"' })).body).toBe(TEXT)
  const known = await get({ 'if-none-match': `"other", "${HASH}"` })
  expect([known.statusCode, known.body]).toEqual([304, ''])
})
