import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/orrery.js', import.meta.url))
const READY_MS = 60_000

/** A real `orrery serve` in a process of its own. */
export interface Served {
  readonly url: string
  /** `host:port` of HTTP. */
  readonly http: string
  readonly grpc: string | undefined
  readonly pid: number
  /** From start to the ready line. */
  readonly startedInMs: number
  /** What it printed until it was ready. */
  readonly lines: readonly string[]
  /** Asks it to stop. @returns its exit code */
  stop(): Promise<number | null>
}

/** Starts `orrery serve` and waits for its word that it is ready; both ports are free ones. */
export async function startServe(args: readonly string[], env: Record<string, string> = {}): Promise<Served> {
  const began = performance.now()
  const child = spawn(process.execPath, [BIN, 'serve', '--port', '0', '--grpc-port', '0', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let words = ''
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    words += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const lines: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS)
    createInterface({ input: child.stdout! }).on('line', (line) => {
      lines.push(line)
      const ready = /^Orrery is ready on (\S+)$/.exec(line)
      if (!ready) return
      clearTimeout(timer)
      resolve(ready[1]!)
    })
    void ended.then((code) => {
      clearTimeout(timer)
      reject(new Error(`orrery serve ended with ${code}: ${words}`))
    })
  })
  return {
    url,
    http: new URL(url).host,
    grpc: lines.map((line) => /^gRPC answers on (\S+)$/.exec(line)?.[1]).find((found) => found !== undefined),
    pid: child.pid!,
    startedInMs: performance.now() - began,
    lines,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}
