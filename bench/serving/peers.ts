import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../tests/support/free-port.ts'

/** A server under load, whatever it is written in. */
export interface Served {
  readonly port: number
  readonly path: string
  readonly body: string
  readonly process: ChildProcess
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`the peer ended with exit code ${child.exitCode}`)
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    await sleep(100)
  }
  throw new Error(`nothing is ready at ${url}`)
}

export async function startFastApi(python: string, onnx: string, row: readonly number[]): Promise<Served> {
  const port = await freePort()
  const child = spawn(python, [here('./peers/fastapi_peer.py'), onnx, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await ready(`http://127.0.0.1:${port}/ready`, child)
  const records = [Object.fromEntries(row.map((value, f) => [`f${f}`, value]))]
  return { port, path: '/predict', body: JSON.stringify({ records }), process: child }
}

/** @param workers processes of MLServer's own pool; 0 answers in the server itself, which is quicker for small models */
export async function startMlserver(
  python: string,
  onnx: string,
  row: readonly number[],
  folder: string,
  workers: number,
): Promise<Served> {
  const [port, grpc, metrics] = [await freePort(), await freePort(), await freePort()]
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'settings.json'),
    JSON.stringify({
      ...{ host: '127.0.0.1', http_port: port, grpc_port: grpc, metrics_port: metrics },
      ...{ debug: false, parallel_workers: workers },
    }),
  )
  await writeFile(
    join(folder, 'model-settings.json'),
    JSON.stringify({ name: 'bench', implementation: 'onnx_runtime.OnnxModel', parameters: { uri: onnx } }),
  )
  const child = spawn(python, ['-m', 'mlserver.cli.main', 'start', folder], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { ...process.env, PYTHONPATH: here('./peers/mlserver') },
  })
  await ready(`http://127.0.0.1:${port}/v2/models/bench/ready`, child)
  const inputs = [{ name: 'x', shape: [1, row.length], datatype: 'FP32', data: row }]
  return { port, path: '/v2/models/bench/infer', body: JSON.stringify({ inputs }), process: child }
}

const CLOCK_TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096

/** CPU in microseconds and memory in bytes of a process and all that it started. Linux only. */
export function usageOf(root: number): { cpu: number; rss: number } {
  const all = new Map<number, { parent: number; cpu: number; rss: number }>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
      // From the state on: parent is the 2nd, utime and stime the 12th and 13th, resident pages the 22nd.
      const cpu = ((Number(fields[11]) + Number(fields[12])) * 1e6) / CLOCK_TICKS_PER_SECOND
      all.set(Number(name), { parent: Number(fields[1]), cpu, rss: Number(fields[21]) * PAGE_BYTES })
    } catch {
      // It ended meanwhile.
    }
  }
  const total = { cpu: 0, rss: 0 }
  for (const [pid, one] of all) {
    let at = pid
    while (at !== root && at > 1) at = all.get(at)?.parent ?? 0
    if (at !== root) continue
    total.cpu += one.cpu
    total.rss += one.rss
  }
  return total
}
