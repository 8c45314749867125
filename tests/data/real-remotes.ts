import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pythonOf } from '../support/python.ts'
import { freePort } from '../support/free-port.ts'

const LOCK = fileURLToPath(new URL('remotes.lock', import.meta.url))
const SSH_SERVER = fileURLToPath(new URL('ssh_server.py', import.meta.url))

export interface Stoppable {
  stop(): Promise<void>
}

/** An S3 server that checks signatures and hashes as Amazon's does (moto). */
export async function startS3(): Promise<Stoppable & { endpoint: string }> {
  const { env } = await pythonOf(LOCK)
  const port = await freePort()
  const child = spawn('python', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  const endpoint = `http://127.0.0.1:${port}`
  for (
    let i = 0;
    !(await fetch(endpoint).then(
      () => true,
      () => false,
    ));
    i++
  ) {
    if (i > 300 || child.exitCode !== null) throw new Error('moto did not start')
    await sleep(100)
  }
  await fetch(`${endpoint}/datasets`, { method: 'PUT' })
  return { endpoint, stop: () => end(child) }
}

/** Stands before a server and fails every third request: in turns with an answer, and with a cut connection. */
export async function startFlaky(target: string): Promise<Stoppable & { endpoint: string; requests: () => number }> {
  let seen = 0
  const { hostname, port } = new URL(target)
  const proxy = createServer((from, to) => {
    seen++
    if (seen % 6 === 3) {
      from.resume()
      to.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')
      return
    }
    if (seen % 6 === 0) {
      from.socket.destroy()
      return
    }
    const forward = request(
      { hostname, port, path: from.url, method: from.method, headers: from.headers },
      (answer) => {
        to.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(to)
      },
    )
    forward.on('error', () => to.destroy())
    from.pipe(forward)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port: own } = proxy.address() as AddressInfo
  return {
    // The host is part of what is signed: the same name, another port is signed anew by the client.
    endpoint: `http://127.0.0.1:${own}`,
    requests: () => seen,
    stop: async () => {
      proxy.closeAllConnections()
      proxy.close()
    },
  }
}

/** An SSH server, and the words with which the system's own ssh reaches it. */
export async function startSsh(
  folder: string,
): Promise<Stoppable & { url: (path: string) => string; command: string }> {
  const { env } = await pythonOf(LOCK)
  for (const key of ['host', 'client'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)])
  const child = spawn('python', [SSH_SERVER, folder], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(child.stdout!, 'data')
  const config = join(folder, 'config')
  writeFileSync(
    config,
    `Host *\n  IdentityFile ${join(folder, 'client')}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${join(folder, 'known')}\n  StrictHostKeyChecking accept-new\n  LogLevel ERROR\n`,
  )
  return {
    url: (path) => `ssh://127.0.0.1:${Number(String(line))}${path}`,
    command: `ssh -F ${config}`,
    stop: () => end(child),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill()
  await once(child, 'exit')
}
