import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startServer } from '../support/server.ts'
import { orrery } from './orrery.ts'

interface Check {
  name: string
  state: 'good' | 'warn' | 'bad'
  found: string
  fix?: string
}

describe('orrery doctor', () => {
  let folder: string
  let home: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-doctor-'))
    home = join(folder, 'home')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function doctor(...args: string[]): Promise<{ code: number | null; checks: Record<string, Check> }> {
    const { code, stdout } = await orrery(['doctor', '--home', home, '--port', '0', '--json', ...args])
    const { checks } = JSON.parse(stdout) as { checks: Check[] }
    return { code, checks: Object.fromEntries(checks.map((check) => [check.name, check])) }
  }

  it('finds nothing wrong before the first start, and makes nothing', async () => {
    const { code, checks } = await doctor()
    expect(Object.values(checks).filter((check) => check.state === 'bad')).toEqual([])
    expect(code).toBe(0)
    expect(checks.home!.found).toContain('still to be made')
    await expect(rm(home, { recursive: true })).rejects.toThrow('ENOENT')
  })

  it('sees the server that holds the home, and that one was killed', async () => {
    const server = await startServer({ home })
    const port = new URL(server.url).port
    const during = await doctor('--port', port)
    expect(during.checks.lock!.found).toContain(`${server.url} (process ${server.pid})`)
    expect(during.checks.port!.found).toContain('an Orrery server')
    expect(during.checks.database!.found).toMatch(/\d+ migrations applied$/)
    expect(during.code).toBe(0)
    await server.kill()
    expect((await doctor()).checks.lock!.found).toContain('was killed')
  })

  it('names who has the port', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    const { code, checks } = await doctor('--port', String(port))
    other.close()
    expect(code).toBe(1)
    expect(checks.port).toMatchObject({ state: 'bad', fix: expect.stringContaining('--port') })
    if (process.platform === 'linux') expect(checks.port!.found).toContain(`process ${process.pid}`)
  })

  it('names the fix for a database that cannot be read, and for one that is newer', async () => {
    const server = await startServer({ home })
    await server.stop()
    const database = new DatabaseSync(join(home, 'orrery.db'))
    database.exec("insert into platform_migrations values ('zz-900-of-tomorrow', '2030-01-01')")
    database.close()
    const newer = await doctor()
    expect(newer.code).toBe(1)
    expect(newer.checks.database!.found).toContain('made by a newer version (zz-900-of-tomorrow)')
    await writeFile(join(home, 'orrery.db'), 'no database')
    const broken = await doctor()
    expect(broken.code).toBe(1)
    expect(broken.checks.database).toMatchObject({ state: 'bad', fix: expect.stringContaining('backup') })
  })

  it('sees a clock that is behind what was written', async () => {
    const server = await startServer({ home })
    await server.stop()
    const database = new DatabaseSync(join(home, 'orrery.db'))
    const tomorrow = Date.now() + 86_400_000
    database.exec(`insert into platform_events (type, subject, data, at) values ('x.y', 'z', '{}', ${tomorrow})`)
    database.close()
    const { code, checks } = await doctor()
    expect(code).toBe(1)
    expect(checks.clock!.fix).toContain('Set the clock')
  })
})
