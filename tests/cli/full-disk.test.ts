import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/cli/server.ts'
import { BIN } from './orrery.ts'

/** A file system of the test's own, gone with the process that has it; nobody else sees it. */
const inNamespace = (script: string) => ['-rm', 'sh', '-c', script] as const

const mayMount = (() => {
  try {
    execFileSync('unshare', inNamespace('mount -t tmpfs tmpfs /mnt'), { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!mayMount)('a home on a disk (skipped where no file system may be mounted)', () => {
  let folder: string
  let child: ChildProcess | undefined
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-disk-'))
  })
  afterEach(async () => {
    if (child && child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    }
    await rm(folder, { recursive: true, force: true })
  })

  /** `orrery up` with its home on a file system mounted with these options; `before` runs in it first. */
  function up(options: string, before = 'true') {
    const mount = `mount -t tmpfs -o ${options} tmpfs '${folder}' && ${before}`
    const command = `exec '${process.execPath}' '${BIN}' up --port 0 --home '${folder}/home'`
    child = spawn('unshare', inNamespace(`${mount} && ${command}`), { stdio: ['ignore', 'pipe', 'pipe'] })
    let stderr = ''
    child.stderr!.on('data', (chunk) => {
      stderr += chunk
    })
    const lines = createInterface({ input: child.stdout! })
    const ready = new Promise<string>((resolve) => {
      lines.on('line', (line) => resolve(/ready on (\S+)/.exec(line)![1]!))
    })
    const ended = once(child, 'close').then(([code]) => ({ code, stderr }))
    return { ready, ended }
  }

  it('that is read-only: says so and what to do', async () => {
    const { code, stderr } = await up('ro').ended
    expect(code).toBe(3)
    expect(stderr).toMatch(/ORRERY_HOME_NOT_WRITABLE {2}.*EROFS/)
    expect(stderr).toContain('--home')
  })

  it('that is full: says so at the start', async () => {
    const { code, stderr } = await up('size=256k', `head -c 230000 /dev/zero > '${folder}/filler'`).ended
    expect(code).toBe(3)
    expect(stderr).toMatch(/ORRERY_HOME_NOT_WRITABLE {2}.*ENOSPC/)
  })

  it('that fills up: refuses what it cannot keep, keeps what it acknowledged, and goes on when there is space', async () => {
    const running = up('size=12m')
    const url = await running.ready
    const server = connect(url)
    // The file system as the server sees it.
    const inside = join(`/proc/${child!.pid}/root`, folder)
    const kept: string[] = []
    await writeFile(join(inside, 'filler'), Buffer.alloc(32 * 1024 * 1024)).catch(() => undefined)

    let refusal: { code?: string; status?: number } | undefined
    for (let i = 0; i < 2_000 && !refusal; i++) {
      await server
        .createToken({ body: { name: `t-${i}`, roles: ['viewer'] } })
        .then(({ id }) => kept.push(id))
        .catch((error) => {
          refusal = error
        })
    }
    expect(refusal).toMatchObject({ status: 507, code: 'ORRERY_STORAGE_FULL' })
    const ready = await fetch(`${url}/ready`)
    expect(ready.status).toBe(503)
    expect(((await ready.json()) as { problems: string[] }).problems.join()).toContain('storage')

    await rm(join(inside, 'filler'))
    await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 10_000 }).toBe(200)
    kept.push((await server.createToken({ body: { name: 'after', roles: ['viewer'] } })).id)
    const { tokens } = await server.listTokens()
    expect(tokens.map((token) => token.id)).toEqual(expect.arrayContaining(kept))
  })
})
