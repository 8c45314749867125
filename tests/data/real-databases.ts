import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isInstalled } from '../support/daemon.ts'
import { freePort } from '../support/free-port.ts'
import type { Stoppable } from './real-remotes.ts'

/** Whether there is a MariaDB server to start; it speaks MySQL's protocol. */
export const HAS_MARIADB = isInstalled('mariadbd')

/** A server of its own with a database `shop`, reached as root without a password. */
export async function startMariadb(folder: string): Promise<Stoppable & { url: string; process: ChildProcess }> {
  const data = join(folder, 'mariadb')
  // It refuses to run as root unless it is told to.
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  const common = ['--no-defaults', `--datadir=${data}`, ...user]
  execFileSync('mariadb-install-db', [...common, '--auth-root-authentication-method=normal', '--skip-test-db'], {
    stdio: 'ignore',
  })
  const port = await freePort()
  const child = spawn(
    'mariadbd',
    [...common, `--port=${port}`, '--bind-address=127.0.0.1', `--socket=${join(folder, 'mariadb.sock')}`],
    { stdio: 'ignore' },
  )
  for (let i = 0; !(await answers(port)); i++) {
    if (i > 300 || child.exitCode !== null) throw new Error('mariadbd did not start')
    await sleep(100)
  }
  return {
    url: `mysql://root@127.0.0.1:${port}/shop`,
    process: child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.on('data', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
    setTimeout(() => socket.destroy(), 1_000).unref()
  })
}
