import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Ended, orrery } from '../cli/orrery.ts'
import { HAS_PYTHON } from '../support/python.ts'
import { startFlaky, startS3, startSsh } from './real-remotes.ts'

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder, encoding: 'utf8' })

const FILES = 40
/** Above what goes up in one piece. */
const LARGE = 40 << 20

let work: string
let number = 0
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'orrery-remotes-'))
})
afterAll(() => rmSync(work, { recursive: true, force: true }))

/** A repository with a dataset that has a name with a line break, and a second one that was cloned from it. */
function twoRepositories() {
  const [mine, yours] = [join(work, `mine-${++number}`), join(work, `yours-${number}`)]
  mkdirSync(join(mine, 'pictures', 'deep'), { recursive: true })
  git(work, 'init', '-q', '-b', 'main', mine)
  for (let i = 0; i < FILES; i++) writeFileSync(join(mine, 'pictures', `${i}.txt`), `${number} ${i}`)
  writeFileSync(join(mine, 'pictures', 'deep', 'a\nb 😀'), 'named')
  writeFileSync(join(mine, 'pictures', 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
  return { mine, yours, clone: () => git(work, 'clone', '-q', mine, yours) }
}

function expectSame(mine: string, yours: string): void {
  const files = (root: string) => globSync('pictures/**', { cwd: root, withFileTypes: true }).filter((f) => f.isFile())
  const read = (root: string) =>
    new Map(
      files(root).map((f) => [
        join(f.parentPath, f.name).slice(root.length),
        readFileSync(join(f.parentPath, f.name), 'base64'),
      ]),
    )
  expect(read(yours)).toEqual(read(mine))
}

interface Kind {
  url: () => string
  env: () => Record<string, string>
  /** Where the blobs lie, for those that can be looked into. */
  folder?: () => string
  large?: boolean
}

function remoteBehaviour({ url, env, folder, large }: Kind) {
  const run = async (cwd: string, ...args: string[]): Promise<Ended> => orrery(['data', ...args], { cwd, env: env() })
  const well = async (cwd: string, ...args: string[]) => {
    const ended = await run(cwd, ...args, '--json')
    expect(ended.code, ended.stdout + ended.stderr).toBe(0)
    return JSON.parse(ended.stdout)
  }

  it('gets a version, once, and gives it to another', async () => {
    const { mine, yours, clone } = twoRepositories()
    if (large) writeFileSync(join(mine, 'pictures', 'large'), Buffer.alloc(LARGE, `large ${number}`))
    await well(mine, 'add', 'pictures')
    expect((await run(mine, 'remote', 'add', 'store', url())).code).toBe(0)
    const files = FILES + 2 + (large ? 1 : 0)
    expect((await well(mine, 'push')).datasets).toMatchObject([{ files }])
    expect((await well(mine, 'push')).datasets).toMatchObject([{ files: 0, present: files }])
    expect((await well(mine, 'push', '--verify')).datasets).toMatchObject([{ files: 0 }])
    writeFileSync(join(mine, 'pictures', '0.txt'), 'another')
    await well(mine, 'add', 'pictures')
    git(mine, 'add', '.')
    git(mine, 'commit', '-qm', 'pictures')
    const before = await orrery(['check'], { cwd: mine, env: env() })
    expect(before.code, 'a version was not pushed').toBe(1)
    expect(before.stdout).toMatch(/pictures\.orrery\.yaml: version sha256:\w+… was not pushed/)
    expect((await well(mine, 'push')).datasets).toMatchObject([{ files: 1, present: files - 1 }])
    expect((await orrery(['check'], { cwd: mine, env: env() })).code).toBe(0)
    clone()
    expect((await well(yours, 'pull')).datasets).toMatchObject([{ files, present: 0 }])
    expectSame(mine, yours)
    expect((await well(yours, 'pull')).datasets).toMatchObject([{ files: 0, present: files }])
  })

  it('that lacks a version says so, and what it lacks', async () => {
    const { mine, yours, clone } = twoRepositories()
    await well(mine, 'add', 'pictures')
    await run(mine, 'remote', 'add', 'store', url())
    git(mine, 'add', '.')
    git(mine, 'commit', '-qm', 'pictures')
    clone()
    const { code, stderr } = await run(yours, 'pull')
    expect(code).toBe(3)
    expect(stderr).toMatch(/ORRERY_DATA_REMOTE_LACKS.*lacks 1 blob /)
    expect(existsSync(join(yours, 'pictures'))).toBe(false)
  })

  // Only into some can be looked.
  if (!folder) return

  it('that lies is found out: nothing of what it gave is taken', async () => {
    const { mine, yours, clone } = twoRepositories()
    await well(mine, 'add', 'pictures')
    await run(mine, 'remote', 'add', 'store', url())
    await well(mine, 'push')
    git(mine, 'add', '.')
    git(mine, 'commit', '-qm', 'pictures')
    clone()
    const blob = globSync('??/*', { cwd: folder() }).find(
      (path) => readFileSync(join(folder(), path), 'utf8') === `${number} 7`,
    )!
    chmodSync(join(folder(), blob), 0o644)
    writeFileSync(join(folder(), blob), `${number} X`)
    const { code, stderr } = await run(yours, 'pull')
    expect(code).toBe(3)
    expect(stderr).toMatch(new RegExp(`ORRERY_DATA_REMOTE_DAMAGED.*${blob.slice(3, 15)}`))
    expect(existsSync(join(yours, 'pictures'))).toBe(false)
    expect(existsSync(join(yours, '.orrery', 'blobs', blob))).toBe(false)
    // A smaller file is no damage that has to be looked for: it is sent again.
    writeFileSync(join(folder(), blob), '')
    expect((await well(mine, 'push', '--verify')).datasets).toMatchObject([{ files: 1 }])
    await well(yours, 'pull')
    expectSame(mine, yours)
  })
}

describe('a folder as a remote', () => {
  let folder: string
  beforeEach(() => {
    folder = join(work, `folder-${number}`)
  })
  remoteBehaviour({ url: () => folder, env: () => ({}), folder: () => folder, large: true })
})

describe.skipIf(!HAS_PYTHON)('an S3 server as a remote', () => {
  let s3: Awaited<ReturnType<typeof startS3>>
  let flaky: Awaited<ReturnType<typeof startFlaky>>
  beforeAll(async () => {
    s3 = await startS3()
    flaky = await startFlaky(s3.endpoint)
  }, 600_000)
  afterAll(async () => {
    await flaky?.stop()
    await s3?.stop()
  })
  const env = (endpoint: string) => ({
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL_S3: endpoint,
  })

  remoteBehaviour({ url: () => `s3://datasets/a b/${number}`, env: () => env(s3.endpoint), large: true })

  describe('that fails every third request', () => {
    remoteBehaviour({ url: () => `s3://datasets/flaky/${number}`, env: () => env(flaky.endpoint), large: true })
    it('was asked through what fails', () => expect(flaky.requests()).toBeGreaterThan(3 * FILES))
  })

  it('without its bucket, or without credentials, is refused with what to do', async () => {
    const { mine } = twoRepositories()
    await orrery(['data', 'add', 'pictures'], { cwd: mine })
    const push = (more: Record<string, string>) =>
      orrery(['data', 'push', '--remote', 's3://no-such-bucket/x'], { cwd: mine, env: more })
    expect((await push(env(s3.endpoint))).stderr).toMatch(/ORRERY_DATA_REMOTE_REFUSED.*404/s)
    expect((await push({ HOME: mine })).stderr).toMatch(/There are no credentials for S3/)
  })
})

// The SSH server of the test, in Python, cuts a channel short now and then on a busy machine, again and again.
describe.skipIf(!HAS_PYTHON)('an SSH server as a remote', { retry: 2 }, () => {
  let ssh: Awaited<ReturnType<typeof startSsh>>
  let keys: string
  beforeAll(async () => {
    keys = join(work, 'keys')
    mkdirSync(keys)
    ssh = await startSsh(keys)
  }, 600_000)
  afterAll(() => ssh?.stop())

  const folder = () => join(work, `ssh it's ${number}`)
  remoteBehaviour({ url: () => ssh.url(folder()), env: () => ({ ORRERY_SSH: ssh.command }), folder, large: true })

  it('that nobody answers at is an error after some tries', async () => {
    const { mine } = twoRepositories()
    await orrery(['data', 'add', 'pictures'], { cwd: mine })
    const { code, stderr } = await orrery(['data', 'push', '--remote', 'ssh://127.0.0.1:9/x'], {
      cwd: mine,
      env: { ORRERY_SSH: ssh.command },
    })
    expect(code).toBe(3)
    expect(stderr).toMatch(/ORRERY_DATA_REMOTE_FAILED.*again and again/)
  })
})
