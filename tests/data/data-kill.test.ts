import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BIN, orrery } from '../cli/orrery.ts'

const FILES = 1500
/** From before anything is done to about when all of it is. */
const WAITS = [100, 180, 260, 350, 450, 600, 800]

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder, encoding: 'utf8' })
const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
/** Blobs with other bytes than their names say. */
const damagedIn = (blobs: string) =>
  globSync('??/*', { cwd: blobs }).filter((name) => hashOf(join(blobs, name)) !== basename(name))

/** What is in a folder: each file with the hash of its bytes. */
function filesOf(folder: string): Map<string, string> {
  const found = globSync('**', { cwd: folder, withFileTypes: true }).filter((one) => one.isFile())
  return new Map(
    found.map((one) => {
      const file = join(one.parentPath, one.name)
      return [file.slice(folder.length + 1), hashOf(file)]
    }),
  )
}

describe('killed at any point', () => {
  let work: string
  let mine: string
  let first: Map<string, string>
  let second: Map<string, string>

  async function kill(waitMs: number, cwd: string, ...args: string[]): Promise<void> {
    const child = spawn(process.execPath, [BIN, 'data', ...args], { cwd, stdio: 'ignore' })
    const gone = once(child, 'exit')
    await sleep(waitMs)
    child.kill('SIGKILL')
    await gone
  }
  async function well(cwd: string, ...args: string[]): Promise<void> {
    const { code, stdout, stderr } = await orrery(['data', ...args], { cwd })
    expect(code, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0)
  }

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'orrery-data-kill-'))
    mine = join(work, 'mine')
    mkdirSync(join(mine, 'pictures'), { recursive: true })
    git(work, 'init', '-q', '-b', 'main', mine)
    for (let i = 0; i < FILES; i++) writeFileSync(join(mine, 'pictures', `${i}`), `${i} `.repeat(200))
    await well(mine, 'add', 'pictures')
    await well(mine, 'remote', 'add', 'store', '../remote')
    git(mine, 'add', '.')
    git(mine, 'commit', '-qm', 'one')
    first = filesOf(join(mine, 'pictures'))
    // A folder where a file was, files changed, and files gone.
    for (let i = 0; i < FILES / 2; i++) rmSync(join(mine, 'pictures', `${i}`))
    mkdirSync(join(mine, 'pictures', '0'))
    for (let i = 0; i < FILES / 2; i++) writeFileSync(join(mine, 'pictures', '0', `${i}`), `new ${i}`)
    for (let i = FILES - 200; i < FILES; i++) writeFileSync(join(mine, 'pictures', `${i}`), `changed ${i}`)
    await well(mine, 'add', 'pictures')
    git(mine, 'commit', '-qam', 'two')
    second = filesOf(join(mine, 'pictures'))
  }, 120_000)
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  it('a push leaves whole blobs, the list of files never without all of them', async () => {
    const remote = join(work, 'remote')
    const list = /version: sha256:(\w+)/.exec(readFileSync(join(mine, 'pictures.orrery.yaml'), 'utf8'))![1]!
    for (const wait of WAITS) {
      await kill(wait, mine, 'push')
      expect(damagedIn(remote), `after ${wait} ms`).toEqual([])
      if (existsSync(join(remote, list.slice(0, 2), list)))
        expect(globSync('??/*', { cwd: remote })).toHaveLength(new Set(second.values()).size + 1)
    }
    await well(mine, 'push', '--verify')
  }, 120_000)

  it('a pull leaves whole files, and nothing of its own', async () => {
    const yours = join(work, 'yours')
    git(work, 'clone', '-q', mine, yours)
    for (const wait of WAITS) {
      await kill(wait, yours, 'pull')
      expect(damagedIn(join(yours, '.orrery', 'blobs')), `after ${wait} ms`).toEqual([])
      for (const [file, hash] of filesOf(join(yours, 'pictures'))) expect(hash, file).toBe(second.get(file))
    }
    await well(yours, 'pull')
    expect(filesOf(join(yours, 'pictures'))).toEqual(second)
    expect(readdirSync(join(yours, '.orrery', 'data', 'arriving'))).toEqual([])
    expect(readdirSync(yours).filter((name) => name.includes('aside'))).toEqual([])
  }, 120_000)

  it.each(['--copy', '--link'])(
    'a checkout (%s) leaves each file as one version or the other has it',
    async (how) => {
      for (const [revision, wanted] of [
        ['HEAD~1', first],
        ['HEAD', second],
      ] as const) {
        for (const wait of WAITS) {
          await kill(wait, mine, 'checkout', 'pictures', '--version', revision, how)
          for (const [file, hash] of filesOf(join(mine, 'pictures')))
            expect([first.get(file), second.get(file)], file).toContain(hash)
        }
        await well(mine, 'checkout', 'pictures', '--version', revision, how)
        expect(filesOf(join(mine, 'pictures'))).toEqual(wanted)
      }
      expect(damagedIn(join(mine, '.orrery', 'blobs'))).toEqual([])
      expect(readdirSync(mine).filter((name) => name.includes('aside'))).toEqual([])
    },
    120_000,
  )
})
