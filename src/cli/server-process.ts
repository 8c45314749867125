import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ServerDidNotStart, ServerLost } from './errors.ts'

const BIN = fileURLToPath(new URL('../../bin/orrery.js', import.meta.url))
const READY = /^Orrery is ready on (\S+)$/
const KEPT_WORDS = 4_000
/** A start takes about a second; taking up what a killed server left behind may take many. */
const READY_MS = 120_000
/** Longer than the server gives what is under way when it is asked to stop. */
const STOP_MS = 20_000

export interface ServerProcessOptions {
  readonly home: string
  /** 0 takes a free one. */
  readonly port?: number
  /** Further arguments of `orrery up`. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A real server in a process of its own. It ends with this process, however that ends. */
export interface ServerProcess {
  readonly url: string
  readonly home: string
  readonly pid: number
  /** From start to the ready line. */
  readonly startedInMs: number
  /** What it wrote to stderr last. */
  words(): string
  /** Asks it to stop and waits. @returns its exit code, `null` when it had to be killed */
  stop(): Promise<number | null>
  /** `kill -9`. */
  kill(): Promise<void>
  /** Rejects when it ends before `stop` or `kill` was called; never resolves. */
  readonly lost: Promise<never>
}

/** Starts `orrery up` and waits for its ready line. @throws ServerDidNotStart */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { home, port = 0, args = [], env = {} } = options
  const began = performance.now()
  const child = spawn(process.execPath, [BIN, 'up', '--home', home, '--port', String(port), ...args], {
    env: { ...process.env, ...env },
    // Its channel closes when this process is gone, `kill -9` included, and the server ends with it.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let words = ''
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-KEPT_WORDS)
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const how = async () => {
    const { code, signal } = await ended
    return signal ? `signal ${signal}` : `exit code ${code}`
  }
  let asked = false

  let timer: NodeJS.Timeout | undefined
  const url = await new Promise<string>((resolve, reject) => {
    timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new ServerDidNotStart(`not ready within ${READY_MS / 1000} s`, words.trim()))
    }, READY_MS)
    child.once('error', reject)
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const found = READY.exec(line)
      if (found) resolve(found[1]!)
    })
    void how().then((ending) => reject(new ServerDidNotStart(ending, words.trim())))
  }).finally(() => clearTimeout(timer))

  const lost = how().then((ending) => {
    if (asked) return new Promise<never>(() => undefined)
    throw new ServerLost(ending, words.trim())
  })
  // Whoever waits for it hears of it; nobody has to.
  lost.catch(() => undefined)

  return {
    url,
    home,
    pid: child.pid!,
    startedInMs: performance.now() - began,
    words: () => words,
    lost,
    stop: async () => {
      asked = true
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      const { code } = await ended
      clearTimeout(timer)
      return code
    },
    kill: async () => {
      asked = true
      child.kill('SIGKILL')
      await ended
    },
  }
}
