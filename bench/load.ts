import { connect, type Socket } from 'node:net'

export interface Load {
  readonly port: number
  readonly path: string
  /** `{{i}}` stands for the number of the request. */
  readonly body: string
  /** Base64 of a body that is no text; `body` is then not sent. */
  readonly binary?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly requests: number
  readonly failed: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * A closed loop: each connection sends the next request as soon as it is answered. Over plain sockets, because a
 * client library costs as much per request as the servers that are measured here and would be what is measured.
 */
export async function applyLoad({
  port,
  path,
  body,
  binary,
  headers = { 'content-type': 'application/json' },
  connections,
  seconds,
}: Load): Promise<LoadResult> {
  let sent = 0
  const parts = body.split('{{i}}')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = (length: number) =>
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('')}content-length: ${length}\r\n\r\n`
  const content = binary === undefined ? undefined : Buffer.from(binary, 'base64')
  const whole = content && Buffer.concat([Buffer.from(head(content.length)), content])
  const next = () => {
    if (whole) return whole
    const text = parts.join(String(sent++))
    return head(Buffer.byteLength(text)) + text
  }
  const latencies: number[] = []
  let failed = 0
  const started = performance.now()
  const end = started + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
      await repeat(socket, next, end, (milliseconds, ok) => {
        latencies.push(milliseconds)
        if (!ok) failed++
      })
      socket.destroy()
    }),
  )
  const elapsed = (performance.now() - started) / 1000
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return {
    requests: latencies.length,
    failed,
    perSecond: latencies.length / elapsed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}

function repeat(
  socket: Socket,
  next: () => string | Buffer,
  end: number,
  answered: (milliseconds: number, ok: boolean) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = ''
    let sent = performance.now()
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', (chunk) => {
      received += chunk
      const head = received.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = /content-length: *(\d+)/i.exec(received)
      if (!length) return reject(new Error(`no content-length in ${received.slice(0, head)}`))
      if (received.length < head + 4 + Number(length[1])) return
      const ok = received.startsWith('HTTP/1.1 200')
      received = ''
      const now = performance.now()
      answered(now - sent, ok)
      if (now >= end) {
        socket.removeAllListeners('close')
        return resolve()
      }
      sent = now
      socket.write(next())
    })
    socket.write(next())
  })
}

if (process.send) {
  process.on('message', async (load: Load) => {
    process.send!(await applyLoad(load))
  })
}
