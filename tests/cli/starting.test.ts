import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../support/server.ts'
import { orrery } from './orrery.ts'

const MIB = 1024 * 1024

describe('orrery up', () => {
  let folder: string
  let home: string
  const started: RunningServer[] = []
  const start = async (options: Parameters<typeof startServer>[0] = {}) => {
    const server = await startServer({ home, ...options })
    started.push(server)
    return server
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-up-'))
    home = join(folder, 'home')
  })
  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('is ready when it says so, and small at rest', async () => {
    const server = await start()
    const ready = await fetch(`${server.url}/ready`)
    expect(ready.status).toBe(200)
    expect(await ready.json()).toEqual({ ready: true, problems: [] })
    const rss = await residentBytes(server.pid)
    console.log(`ready after ${Math.round(server.startedInMs)} ms, at rest ${Math.round(rss / MIB)} MiB`)
    expect(rss).toBeLessThan(200 * MIB)
  })

  it('stops at SIGTERM with exit code 0, also while somebody listens', async () => {
    const server = await start()
    const stream = await fetch(`${server.url}/api/events`)
    expect(stream.status).toBe(200)
    const began = performance.now()
    expect(await server.stop()).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
    await stream.text()
  })

  it('starts again on the same home, also after a kill', async () => {
    const first = await start()
    await first.kill()
    const second = await start()
    expect((await fetch(`${second.url}/ready`)).status).toBe(200)
  })

  it('ends when the process that started it is killed', async () => {
    const program = `
      import { startServerProcess } from ${JSON.stringify(new URL('../../src/cli/server-process.ts', import.meta.url).href)}
      const server = await startServerProcess({ home: ${JSON.stringify(home)} })
      console.log(server.pid)
      process.kill(process.pid, 'SIGKILL')`
    const file = join(folder, 'parent.ts')
    await writeFile(file, program)
    const parent = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    let pid = ''
    for await (const chunk of parent.stdout) pid += chunk
    expect(Number(pid)).toBeGreaterThan(0)
    await expect.poll(() => isAlive(Number(pid)), { timeout: 15_000 }).toBe(false)
  })

  it('says who else works with its home, and leaves that one alone', async () => {
    const first = await start()
    const { code, stderr } = await orrery(['up', '--home', home, '--port', '0'])
    expect(code).toBe(3)
    expect(stderr).toContain('ORRERY_HOME_IN_USE')
    expect(stderr).toContain(`at ${first.url} (process ${first.pid})`)
    expect((await fetch(`${first.url}/ready`)).status).toBe(200)
  })

  it('says that its port is taken, and does not hang', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    const { code, stderr } = await orrery(['up', '--home', home, '--port', String(port)], { endAfterMs: 30_000 })
    other.close()
    expect(code).toBe(3)
    expect(stderr).toMatch(new RegExp(`ORRERY_PORT_IN_USE {2}.*127\\.0\\.0\\.1:${port}`))
    expect(stderr).toContain('--port')
  })

  it('cannot make its home below a file', async () => {
    await writeFile(join(folder, 'file'), '')
    const { code, stderr } = await orrery(['up', '--home', join(folder, 'file', 'home'), '--port', '0'])
    expect(code).toBe(3)
    expect(stderr).toMatch(/ORRERY_HOME_NOT_WRITABLE {2}.*ENOTDIR/)
  })

  it('refuses to listen beyond loopback without tokens, and does so with one', async () => {
    const refused = await orrery(['up', '--home', home, '--port', '0', '--host', '0.0.0.0'])
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('ORRERY_ACCESS_OPEN_ADDRESS')
    expect(refused.stderr).toContain('orrery token create')

    const made = await orrery(['token', 'create', 'boss', '--role', 'admin', '--home', home, '--json'])
    expect(made.code).toBe(0)
    const { secret } = JSON.parse(made.stdout)
    const server = await start({ args: ['--host', '0.0.0.0'] })
    const url = server.url.replace('0.0.0.0', '127.0.0.1')
    expect((await fetch(`${url}/api/projects`)).status, 'without a token').toBe(401)
    const headers = { authorization: `Bearer ${secret}` }
    expect((await fetch(`${url}/api/projects`, { headers })).status).toBe(200)
  })
})

/** As Linux and macOS tell it. */
async function residentBytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
