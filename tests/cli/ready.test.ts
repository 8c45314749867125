import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../src/cli/server.ts'
import { startServer } from '../support/server.ts'
import { BIN, EXAMPLES, orrery } from './orrery.ts'
import { writeHistory } from './history.ts'

/** A model in service, stopped; then its package goes missing. */
describe('a server whose champion cannot be loaded', { timeout: 120_000 }, () => {
  let folder: string
  let home: string
  let hash: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-ready-'))
    home = join(folder, 'home')
    const server = await startServer({ home })
    const api = connect(server.url)
    const file = await writeHistory(join(EXAMPLES, 'churn'), join(folder, 'project'))
    const where = ['--file', file, '--server', server.url]
    expect((await orrery(['apply', ...where])).code).toBe(0)
    // Nobody has signed: the run is done, and its version waits.
    const run = await orrery(['run', ...where])
    expect(run.stdout).toMatch(/● deploy +waits for qa to certify/)
    expect(run.code).toBe(0)
    expect((await orrery(['certify', 'churn-risk@1', '--server', server.url, '--note', 'seen'])).code).toBe(0)
    await api.settled({ params: { project: 'churn' }, query: { timeout: 30 } })
    const status = JSON.parse((await orrery(['status', 'churn', '--json', '--server', server.url])).stdout)
    expect(status.summary).toMatchObject({ state: 'in step', champion: 1 })
    hash = (await api.getVersion({ params: { model: 'churn-risk', version: 1 } })).package!.hash
    await server.stop()
  }, 120_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('does not say that it is ready before it is, and says what is missing', async () => {
    const blob = await blobOf(home, hash)
    await rename(blob, join(folder, 'aside'))
    const child = spawn(process.execPath, [BIN, 'up', '--home', home, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const heard: string[] = []
    child.stdout.on('data', (chunk) => heard.push(String(chunk)))
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    await expect.poll(() => stderr, { timeout: 30_000 }).toMatch(/is not ready yet: endpoint churn-risk: /)
    const url = /Orrery answers on (\S+)/.exec(stderr)![1]!
    const ready = await fetch(`${url}/ready`)
    expect(ready.status).toBe(503)
    expect(heard).toEqual([])
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
    await rename(join(folder, 'aside'), blob)
    const again = await startServer({ home })
    expect((await fetch(`${again.url}/ready`)).status).toBe(200)
    await again.stop()
  })
})

async function blobOf(home: string, hash: string): Promise<string> {
  const digest = hash.split(':').at(-1)!
  for await (const file of glob(`blobs/**/*${digest.slice(4)}*`, { cwd: home })) return join(home, file)
  throw new Error(`no blob ${hash}`)
}
