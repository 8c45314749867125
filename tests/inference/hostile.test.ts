import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readBody } from '../../src/protocols/oip/body.ts'
import { orrery } from '../cli/orrery.ts'
import { type Served, startServe } from '../support/serve.ts'
import { writeGraphs } from './graphs.ts'

/** What a real server does with what it should not be sent; a request like any other is answered after each. */
describe('orrery serve, against bad input', () => {
  let folder: string
  let served: Served
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-hostile-'))
    await writeGraphs(folder)
    await writeFile(join(folder, 'broken.onnx'), 'no graph')
    served = await startServe([folder])
  })
  afterAll(async () => {
    await served?.stop()
    await rm(folder, { recursive: true })
  })

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(served.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  interface Reply {
    error: string
    outputs: { data: unknown[] }[]
  }
  const jsonOf = async (reply: Response) => (await reply.json()) as Reply
  const linear = (data: unknown, shape = [1, 2], datatype = 'FP32', name = 'x') => ({
    inputs: [{ name, shape, datatype, data }],
  })
  const answers = async () => {
    const reply = await post('/v2/models/linear/infer', linear([1, 2]))
    expect((await jsonOf(reply)).outputs[0]!.data).toEqual([9])
  }

  it('names the model that is broken, is not ready with it, and answers with the others', async () => {
    expect(served.lines.find((line) => line.includes('broken'))).toContain('✗ broken: The package of broken')
    const ready = await fetch(`${served.url}/v2/health/ready`)
    expect([ready.status, (await jsonOf(ready)).error]).toEqual([503, expect.stringContaining('broken: ')])
    const asked = await post('/v2/models/broken/infer', linear([1, 2]))
    expect([asked.status, (await jsonOf(asked)).error]).toEqual([503, expect.stringContaining('cannot answer')])
    expect((await fetch(`${served.url}/v2/models/broken/ready`)).status).toBe(503)
    expect((await fetch(`${served.url}/v2/models/linear/ready`)).status).toBe(200)
    await answers()
  })

  it.each<[string, string, unknown, number, string]>([
    ['another shape', 'linear', linear([1, 2, 3], [1, 3]), 400, 'its shape is [1, 3]'],
    ['another type', 'linear', linear([1, 2], [1, 2], 'FP64'), 400, 'it is FP64, the model takes FP32'],
    ['another name', 'linear', linear([1, 2], [1, 2], 'FP32', 'z'), 400, 'it is missing'],
    ['no input', 'two', linear([1], [1, 1], 'FP32', 'a'), 400, '"b"'],
    ['a text for a number', 'linear', linear([1, '2']), 400, 'value 1 is "2"'],
    ['a model that is not there', 'nobody', linear([1, 2]), 404, 'no model "nobody"'],
    ['a version that is not there', 'linear/versions/7', linear([1, 2]), 404, 'linear@7'],
    ['no JSON', 'linear', '{"inputs": [', 400, 'no JSON'],
    ['brackets without end', 'linear', `{"inputs":${'['.repeat(1_000_000)}`, 400, 'nested deeper'],
  ])('refuses %s', async (_, model, body, status, words) => {
    const reply = await post(`/v2/models/${model}/infer`, body)
    expect([reply.status, (await jsonOf(reply)).error]).toEqual([status, expect.stringContaining(words)])
    await answers()
  })

  it('takes NaN for what it is', async () => {
    const body = JSON.stringify(linear(['NaN', 1])).replace('"NaN"', 'NaN')
    expect((await jsonOf(await post('/v2/models/linear/infer', body))).outputs[0]!.data).toEqual(['NaN'])
  })

  it.skipIf(process.platform !== 'linux')('refuses 1 GB early, with memory flat (needs /proc)', async () => {
    const before = await residentMiB(served.pid)
    for (const path of ['/v2/models/linear/infer', '/predict/linear', '/endpoints/linear/invocations']) {
      const told = await ask(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${10 ** 9}\r\n\r\n`)
      expect(told.text).toMatch(/^HTTP\/1.1 413 /)
      expect(told.afterMs).toBeLessThan(5_000)
    }
    // Without a length it is refused once it is too large.
    const chunk = 'x'.repeat(1024 * 1024)
    const chunked = `POST /v2/models/linear/infer HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n`
    const pieces = Array.from({ length: 200 }, () => `100000\r\n${chunk}\r\n`)
    expect((await ask(chunked, pieces)).text).toMatch(/^HTTP\/1.1 413 /)
    expect((await residentMiB(served.pid)) - before).toBeLessThan(300)
    await answers()
  })

  it('outlives connections that are cut in the middle of a request', async () => {
    const body = JSON.stringify(linear([1, 2]))
    const head = `POST /v2/models/linear/infer HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n`
    for (let cut = 0; cut < head.length + body.length; cut += 7) {
      const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write((head + body).slice(0, cut))
      socket.resetAndDestroy()
    }
    await answers()
  })

  it('ends a connection whose headers come drop by drop', async () => {
    const { text, afterMs } = await ask('POST /v2/models/linear/infer HTTP/1.1\r\nhost: 127.0.0.1\r\n', dripping())
    expect(text).toMatch(/^HTTP\/1.1 408 /)
    expect(afterMs).toBeLessThan(30_000)
    await answers()
  }, 60_000)

  it('gives a body that does not come no longer than it may take', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const { createServer: createHttpServer } = await import('node:http')
    const server = createHttpServer((request, response) => {
      readBody(request, 1000, 0, 50).catch((error) => {
        resolve(error)
        response.end()
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nab')
    expect(await promise).toMatchObject({ code: 'ORRERY_PROTOCOLS_INFER_BODY_TOO_SLOW', status: 408 })
    socket.destroy()
    server.close()
  })

  it.each<[string, () => string[], number, string, string]>([
    ['a file that is not there', () => ['nowhere.onnx'], 2, 'ORRERY_SERVE_NO_SUCH_FILE', 'nowhere.onnx'],
    ['a broken file', () => [join(folder, 'broken.onnx')], 3, 'ORRERY_RUNTIME_MODEL_BROKEN', 'broken'],
    [
      'a port that is no number',
      () => [join(folder, 'linear.onnx'), '--port', 'x'],
      2,
      'ORRERY_CLI_WRONG_USE',
      '--port',
    ],
    ['a folder under one name', () => [folder, '--name', 'a'], 2, 'ORRERY_SERVE_NOTHING_TO_SERVE', 'folder'],
    ['a version of a server that is not there', () => ['model@3'], 3, 'ORRERY_UNREACHABLE', '127.0.0.1:9'],
  ])('says of %s what is wrong, and ends', async (_, args, code, error, words) => {
    const run = await orrery(['serve', ...args()], { env: { ORRERY_SERVER: 'http://127.0.0.1:9' } })
    expect([run.code, run.stderr]).toEqual([code, expect.stringContaining(error)])
    expect(run.stderr).toContain(words)
  })

  it('says which port is taken', async () => {
    const other = createServer()
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const { port } = other.address() as { port: number }
    for (const flag of ['--port', '--grpc-port']) {
      const run = await orrery(['serve', join(folder, 'linear.onnx'), '--port', '0', flag, String(port)])
      expect([run.code, run.stderr]).toEqual([3, expect.stringContaining(`${port}`)])
      expect(run.stderr).toContain('PORT_IN_USE')
    }
    other.close()
  })

  it('asks for the token that it was started with, and answers no page of another site', async () => {
    const closed = await startServe([join(folder, 'linear.onnx'), '--name', 'line'], { ORRERY_SERVE_TOKEN: 'secret' })
    const asked = (headers: Record<string, string>) => fetch(`${closed.url}/v2/models/line`, { headers })
    expect((await asked({})).status).toBe(401)
    expect((await asked({ authorization: 'Bearer secret' })).status).toBe(200)
    expect(await closed.stop()).toBe(0)
    const foreign = await fetch(`${served.url}/v2/models/linear`, { headers: { origin: 'https://example.org' } })
    expect(foreign.status).toBe(403)
  })

  it('stops cleanly, with what is under way answered', async () => {
    const stopping = await startServe([join(folder, 'linear.onnx')])
    const asked = fetch(`${stopping.url}/v2/models/linear/infer`, {
      method: 'POST',
      body: JSON.stringify(linear([1, 2])),
    })
    expect((await asked).status).toBe(200)
    expect(await stopping.stop()).toBe(0)
  })

  /** Sends text over a connection of its own, and reads what comes back until it ends. */
  async function ask(head: string, pieces: Iterable<string> | AsyncIterable<string> = []) {
    const began = performance.now()
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
    let text = ''
    let answered = 0
    socket.on('data', (data) => {
      answered ||= performance.now()
      text += data
    })
    socket.on('error', () => undefined)
    const closed = once(socket, 'close')
    socket.write(head)
    for await (const piece of pieces) {
      if (socket.destroyed || answered) break
      if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), closed, sleep(5_000)])
    }
    await Promise.race([closed, sleep(8_000)])
    socket.destroy()
    return { text, afterMs: (answered || performance.now()) - began }
  }

  async function* dripping() {
    for (let i = 0; i < 60; i++) {
      await sleep(1_000)
      yield `x-${i}: a\r\n`
    }
  }
})

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024
}
