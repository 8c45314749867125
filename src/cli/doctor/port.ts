import { readdir, readFile, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { bad, type Check, good } from './check.ts'

/** Whether the address can be listened on, and if not, who does. */
export async function checkPort(host: string, port: number): Promise<Check> {
  const failure = await tryListening(host, port)
  if (!failure) return good('port', port === 0 ? 'a free one will be taken' : `${host}:${port} is free`)
  if (failure.code !== 'EADDRINUSE')
    return bad('port', `${host}:${port} cannot be listened on (${failure.code})`, 'Choose another --host or --port.')
  const version = await orreryAt(host, port)
  // The server that one asks the doctor about may well be running.
  if (version) return good('port', `${host}:${port} is an Orrery server's, version ${version}`)
  const owner = await ownerOf(port)
  return bad(
    'port',
    `${host}:${port} is taken by ${owner ?? 'another program'}`,
    'Stop it, or choose another port with --port (0 takes a free one).',
  )
}

function tryListening(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

async function orreryAt(host: string, port: number): Promise<string | undefined> {
  const name = host.includes(':') ? `[${host}]` : host
  const answer = await fetch(`http://${name}:${port}/openapi.json`, { signal: AbortSignal.timeout(3_000) }).catch(
    () => undefined,
  )
  const found = answer?.ok ? ((await answer.json().catch(() => ({}))) as { info?: Record<string, string> }) : undefined
  return found?.info?.title === 'Orrery' ? found.info.version : undefined
}

/** The process that listens on a port, as Linux tells it; of other users' processes nothing can be seen. */
async function ownerOf(port: number): Promise<string | undefined> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const LISTENING = '0A'
  const sockets = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = await readFile(table, 'utf8').then(
      (text) => text.split('\n').slice(1),
      () => [],
    )
    for (const line of lines) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (local?.endsWith(`:${hex}`) && state === LISTENING) sockets.add(`socket:[${inode}]`)
    }
  }
  if (sockets.size === 0) return undefined
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const handles = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const handle of handles) {
      if (!sockets.has(await readlink(`/proc/${pid}/fd/${handle}`).catch(() => ''))) continue
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ').trim()
      return `process ${pid} (${command.slice(0, 80)})`
    }
  }
  return undefined
}
