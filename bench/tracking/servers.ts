import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServerProcess } from '../../src/cli/server-process.ts'
import { freePort } from '../../tests/support/free-port.ts'

/** A tracking server in processes of its own, and what they used so far. */
export interface Peer {
  readonly name: string
  readonly url: string
  /** Of all its processes since their start, user and system, ms. */
  cpuMs(): number
  processes(): number
  /** Memory that belongs to its processes alone, MiB, as `smem` counts: shared pages by share. */
  memoryMiB(): number
  stop(): Promise<void>
}

const PATIENCE_MS = 120_000

export async function startOrrery(home: string, durability: 'full' | 'process'): Promise<Peer> {
  const server = await startServerProcess({ home, args: ['--durability', durability] })
  return peer(`orrery, ${durability}`, server.url, server.pid, async () => void (await server.stop()))
}

/** The original as its own guide starts it: its default workers, SQLite, artifacts through the server. */
export async function startMlflow(folder: string, command: string): Promise<Peer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(
    command,
    [
      ...['server', '--host', '127.0.0.1', '--port', String(port)],
      ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`],
      ...['--artifacts-destination', join(folder, 'artifacts')],
    ],
    { env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' }, stdio: 'ignore', detached: true },
  )
  const end = Date.now() + PATIENCE_MS
  while (!(await answers(url))) {
    if (Date.now() > end || child.exitCode !== null) throw new Error('mlflow server did not start')
    await sleep(250)
  }
  return peer('mlflow', url, child.pid!, () => stopGroup(child))
}

/** It starts workers that outlive it: its whole group is ended. */
async function stopGroup(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  process.kill(-child.pid!, 'SIGTERM')
  await Promise.race([exited, sleep(10_000)])
  try {
    process.kill(-child.pid!, 'SIGKILL')
  } catch {
    // Nobody of them is left.
  }
}

function peer(name: string, url: string, pid: number, stop: () => Promise<void>): Peer {
  return {
    ...{ name, url, stop },
    cpuMs: () => family(pid).reduce((sum, one) => sum + cpuOf(one), 0),
    processes: () => family(pid).length,
    memoryMiB: () => family(pid).reduce((sum, one) => sum + shareOf(one), 0),
  }
}

/** A process and all that come from it. */
function family(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = read(`/proc/${name}/stat`)
    if (stat) parents.set(Number(name), Number(fieldsOf(stat)[1]))
  }
  const found = [root]
  for (let i = 0; i < found.length; i++)
    for (const [pid, parent] of parents) if (parent === found[i] && !found.includes(pid)) found.push(pid)
  return found
}

const fieldsOf = (stat: string) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')

const TICK_MS = 10

/** Its own, and that of its children which have ended. */
function cpuOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  if (!stat) return 0
  const fields = fieldsOf(stat)
  return TICK_MS * [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)
}

function shareOf(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0) / 1024
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok
  } catch {
    return false
  }
}
