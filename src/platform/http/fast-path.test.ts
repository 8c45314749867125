import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { OrreryError } from '#platform/errors'
import { defineRoutes } from './contract.ts'
import { type HttpServer, openHttp } from './server.ts'

const routes = defineRoutes({
  double: {
    method: 'POST',
    path: '/double/:name',
    permission: 'test:double',
    summary: 'Twice the number.',
    params: z.object({ name: z.string() }),
    body: z.object({ number: z.number() }),
    reply: z.object({ name: z.string(), double: z.number() }),
  },
})

const whole = defineRoutes({
  triple: {
    method: 'POST',
    path: '/triple',
    permission: 'test:double',
    summary: 'Three times the number.',
    body: z.object({ number: z.number() }),
    reply: z.object({ triple: z.number() }),
  },
})

class Busy extends OrreryError {
  constructor() {
    super({ code: 'ORRERY_TEST_BUSY', status: 503, message: 'Busy.', hint: 'Wait.', retryAfterSeconds: 7 })
  }
}
class Nobody extends OrreryError {
  constructor() {
    super({ code: 'ORRERY_TEST_NOBODY', status: 401, message: 'Who?', hint: 'Say who.' })
  }
}

describe('the fast path', () => {
  let http: HttpServer
  let port: number
  /** Which way each request went. */
  const ways: string[] = []

  beforeAll(async () => {
    http = await openHttp({
      log: pino({ level: 'silent' }),
      version: '0',
      authorize: async ({ authorization }, permission) => {
        if (authorization === 'nobody' || permission !== 'test:double') throw new Nobody()
        return { name: 'somebody', roles: [] }
      },
    })
    const double = ({ name, number }: { name: string; number: number }) => {
      if (name === 'busy') throw new Busy()
      if (name === 'broken') throw new Error('inside')
      return { name, double: 2 * number }
    }
    http.mount('test', routes, {
      double: async ({ params, body }) => {
        ways.push('router')
        return double({ name: params.name, number: body.number })
      },
    })
    http.mountFast(routes.double, {
      isBody: (body): body is { number: number } => typeof (body as { number?: unknown } | null)?.number === 'number',
      answer: async ({ name, body }) => {
        ways.push('fast')
        return JSON.stringify(double({ name, number: body.number }))
      },
    })
    http.mount('whole', whole, {
      triple: async ({ body }) => {
        ways.push('router')
        return { triple: 3 * body.number }
      },
    })
    http.mountFast(whole.triple, {
      isBody: (body): body is { number: number } => typeof (body as { number?: unknown } | null)?.number === 'number',
      answer: async ({ body }) => {
        ways.push('fast')
        return JSON.stringify({ triple: 3 * body.number })
      },
    })
    await http.fastify.listen({ port: 0, host: '127.0.0.1' })
    port = (http.fastify.server.address() as AddressInfo).port
  })
  afterAll(() => http.fastify.close())

  it('takes a route without a name at its path alone', async () => {
    ways.length = 0
    const ask = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"number":2}',
      })
    expect(await (await ask('/triple')).json()).toEqual({ triple: 6 })
    expect((await ask('/triple.parquet')).status).toBe(404)
    expect((await ask('/triple?a=1')).status).toBe(200)
    expect(ways).toEqual(['fast', 'router'])
  })

  const JSON_TYPE = { 'content-type': 'application/json' }
  const cases: [string, string, string, Record<string, string>?][] = [
    ['a request', 'it', '{"number":21}'],
    ['white space', 'it', ' { "number" : 21 }\n'],
    ['what the schema strips', 'it', '{"number":21,"more":1}'],
    ['what the schema refuses', 'it', '{"number":"21"}'],
    ['another body', 'it', '[]'],
    ['a body of null', 'it', 'null'],
    ['broken JSON', 'it', '{"number":'],
    ['a prototype', 'it', '{"number":1,"__proto__":{"a":1}}'],
    ['an error that says when to come back', 'busy', '{"number":1}'],
    ['a fault inside', 'broken', '{"number":1}'],
    ['nobody', 'it', '{"number":1}', { authorization: 'nobody' }],
    ['a broken body of nobody', 'it', '{', { authorization: 'nobody' }],
    ['a request with a name', 'busy', '{"number":1}', { 'x-request-id': 'mine' }],
  ]
  it.each(cases)('answers %s as the router does', async (_, name, body, headers = {}) => {
    const all = { ...JSON_TYPE, ...headers }
    const fast = await fetch(`http://127.0.0.1:${port}/double/${name}`, { method: 'POST', body, headers: all })
    const routed = await http.fastify.inject({ method: 'POST', url: `/double/${name}`, payload: body, headers: all })
    expect(fast.status).toBe(routed.statusCode)
    expect(await fast.json()).toEqual(routed.json())
    for (const header of ['content-type', 'content-length', 'retry-after'])
      expect([header, fast.headers.get(header) ?? undefined]).toEqual([header, routed.headers[header]?.toString()])
    if (fast.status >= 400)
      expect(fast.headers.get('x-request-id')).toEqual(
        headers['x-request-id'] ?? expect.stringMatching(/^[\da-f-]{36}$/),
      )
  })

  it.each<[string, string, RequestInit, number]>([
    ['a query', '/double/it?x=1', { headers: JSON_TYPE, body: '{"number":1}' }, 200],
    ['a name to decode', '/double/a%20b', { headers: JSON_TYPE, body: '{"number":1}' }, 200],
    ['another type', '/double/it', { headers: { 'content-type': 'text/plain' }, body: '{"number":1}' }, 400],
    ['another path', '/double/it/more', { headers: JSON_TYPE, body: '{"number":1}' }, 404],
    ['a body that is too large', '/double/it', { headers: JSON_TYPE, body: `"${'x'.repeat(17 * 1024 ** 2)}"` }, 413],
    ['no body', '/double/it', { headers: JSON_TYPE }, 400],
  ])('leaves %s to the router', async (_, url, init, status) => {
    ways.length = 0
    const reply = await fetch(`http://127.0.0.1:${port}${url}`, { method: 'POST', ...init })
    expect([reply.status, ...ways.filter((way) => way === 'fast')]).toEqual([status])
  })

  it('takes requests that come in pieces, one after another over one connection', async () => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    for (const part of [
      'POST /double/a HTTP/1.1\r\nhost: x\r\ncontent-type: appl',
      'ication/json\r\ncontent-length: 12\r\n\r\n{"num',
      'ber":5}POST /double/b HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"number":6}',
    ]) {
      socket.write(part)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await expect.poll(() => text).toContain('{"name":"b","double":12}')
    expect(text).toContain('{"name":"a","double":10}')
    socket.end()
    await once(socket, 'close')
  })

  it('forgets a request that is cut', async () => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    ways.length = 0
    socket.write(
      'POST /double/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"num',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(ways).toEqual([])
    expect(
      (await fetch(`http://127.0.0.1:${port}/double/it`, { method: 'POST', body: '{"number":1}', headers: JSON_TYPE }))
        .status,
    ).toBe(200)
  })
})
