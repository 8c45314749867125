import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BIN, orrery } from '../cli/orrery.ts'

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder, encoding: 'utf8' })

let work: string
let mine: string
let yours: string
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'orrery-data-commands-'))
  ;[mine, yours] = [join(work, 'mine'), join(work, 'yours')]
  mkdirSync(join(mine, 'pictures'), { recursive: true })
  git(work, 'init', '-q', '-b', 'main', mine)
  for (let i = 0; i < 5; i++) writeFileSync(join(mine, 'pictures', `${i}.txt`), `picture ${i}`)
  writeFileSync(join(mine, 'table.csv'), 'a,b\n1,2\n')
})
afterEach(() => rmSync(work, { recursive: true, force: true }))

const data = (cwd: string, ...args: string[]) => orrery(['data', ...args], { cwd })
async function well(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await data(cwd, ...args)
  expect(code, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0)
  return stdout
}
async function statusOf(cwd: string, ...args: string[]) {
  return JSON.parse(await well(cwd, 'status', '--json', ...args)).datasets
}

/** Two commits, pushed: five pictures and a table, then a picture more, a link, and one that moved. */
async function twoCommits(): Promise<void> {
  await well(mine, 'add', 'pictures', 'table.csv')
  await well(mine, 'remote', 'add', 'store', '../remote')
  await well(mine, 'push')
  git(mine, 'add', '.')
  git(mine, 'commit', '-qm', 'one')
  writeFileSync(join(mine, 'pictures', 'new.txt'), 'new')
  symlinkSync('new.txt', join(mine, 'pictures', 'link'))
  expect(await well(mine, 'add', 'pictures')).toContain('2 added, 0 changed, 0 removed')
  git(mine, 'commit', '-qam', 'two')
}

it('status says how files, store and remote stand, and what to do', async () => {
  await twoCommits()
  expect(await statusOf(mine, '--pushed')).toMatchObject([
    { dataset: 'pictures', tree: 'same', files: 7, missing: 0, pushed: false },
    { dataset: 'table.csv', tree: 'same', files: 1, pushed: true },
  ])
  expect((await data(mine, 'status', '--check')).code).toBe(0)
  expect((await data(mine, 'status', '--pushed', '--check')).code, 'not pushed').toBe(1)
  await well(mine, 'push')

  git(work, 'clone', '-q', mine, yours)
  expect(await statusOf(yours)).toMatchObject([
    { tree: 'absent', missing: 7, pushed: null },
    { tree: 'absent', missing: 1 },
  ])
  expect(await well(yours, 'status')).toMatch(/✗ pictures .* not here\n +bring it: orrery data pull/)
  for (const command of ['checkout', 'diff']) {
    const early = await data(yours, command, 'pictures')
    expect(early.code).toBe(3)
    expect(early.stderr, 'before the first pull').toMatch(/ORRERY_DATA_VERSION_INCOMPLETE.*orrery data pull/s)
  }
  await well(yours, 'pull')
  rmSync(join(yours, 'pictures', '0.txt'))
  writeFileSync(join(yours, 'pictures', '1.txt'), 'another')
  writeFileSync(join(yours, 'pictures', '6.txt'), 'six')
  rmSync(join(yours, 'table.csv'))
  expect(await statusOf(yours, '--pushed')).toMatchObject([
    { tree: 'changed', changes: { added: 1, changed: 1, removed: 1, moved: 0 }, pushed: true },
    { tree: 'absent', missing: 0 },
  ])
  const said = await well(yours, 'status')
  expect(said).toMatch(/~ pictures .* 1 added, 1 changed, 1 removed\n/)
  expect(said).toMatch(/✗ table\.csv .* not here\n +bring it: orrery data checkout/)
  writeFileSync(join(yours, 'table.csv'), 'mine')
  expect((await data(yours, 'checkout', 'table.csv')).stderr).toContain(
    'table.csv is in no version as it is now, and would be lost.',
  )
}, 60_000)

it('checkout and pull take another version, by its hash and by a revision', async () => {
  await twoCommits()
  const first = /version: sha256:(\w+)/.exec(git(mine, 'show', 'HEAD~1:pictures.orrery.yaml'))![1]!
  expect(await well(mine, 'checkout', 'pictures', '--version', first.slice(0, 12))).toContain(
    '0 files written, 2 removed',
  )
  expect(await statusOf(mine, 'pictures')).toMatchObject([{ version: `sha256:${first}`, tree: 'same' }])
  await well(mine, 'checkout', '--version', 'HEAD', 'pictures')
  git(work, 'clone', '-q', mine, yours)
  expect(await well(yours, 'pull', '--version', 'HEAD~1', 'pictures')).toContain('5 files')
  expect(await statusOf(yours, 'pictures')).toMatchObject([{ version: `sha256:${first}`, tree: 'same' }])
  const many = await data(mine, 'checkout', '--version', first)
  expect(many.code).toBe(2)
  expect(many.stderr).toContain('--version is of one dataset')
}, 60_000)

it('the hook finds the program that installed it, and says what to do when that is gone', async () => {
  await twoCommits()
  expect((await orrery(['check', '--install'], { cwd: mine })).code).toBe(0)
  git(work, 'init', '-q', '--bare', 'origin.git')
  const push = () =>
    spawnSync('git', ['push', '-q', join(work, 'origin.git'), 'main'], {
      cwd: mine,
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', HOME: work },
    })
  const refused = push()
  expect(refused.status).toBe(1)
  expect(refused.stderr + refused.stdout).toMatch(/pictures\.orrery\.yaml: version sha256:\w+… was not pushed/)
  const hook = join(mine, '.git', 'hooks', 'pre-push')
  const written = readFileSync(hook, 'utf8')
  writeFileSync(hook, written.replaceAll('orrery.js', 'gone.js'))
  expect(push()).toMatchObject({ status: 1, stderr: expect.stringContaining('orrery check --install') })
  writeFileSync(hook, written)
  await well(mine, 'push')
  expect(push().status).toBe(0)
}, 60_000)

it('places that take nothing are refused at once', async () => {
  const root = await data(mine, 'add', '/')
  expect(root).toMatchObject({ code: 3, stderr: expect.stringContaining('ORRERY_DATA_PLACE_REFUSED') })
  await well(mine, 'add', 'pictures')
  const file = join(work, 'file')
  cpSync(join(mine, 'table.csv'), file)
  // A folder of the kernel's takes no other: where Node's own recursion never ends.
  for (const place of [join(file, 'remote'), ...(process.platform === 'linux' ? ['/proc/remote'] : [])]) {
    const refused = await orrery(['data', 'push', '--remote', place], { cwd: mine, endAfterMs: 20_000 })
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('ORRERY_DATA_REMOTE_REFUSED') })
  }
}, 60_000)

it('a blob that was lost is stored again by the next add, once a push has missed it', async () => {
  await well(mine, 'add', 'pictures')
  const [first] = globSync('.orrery/blobs/*/*', { cwd: mine }).filter((file) =>
    readFileSync(join(mine, file), 'utf8').startsWith('picture'),
  )
  rmSync(join(mine, first!))
  expect(await statusOf(mine)).toMatchObject([{ tree: 'same', missing: 1 }])
  const refused = await data(mine, 'push', '--remote', '../remote')
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('lacks 1 blob of') })
  await well(mine, 'add', 'pictures')
  expect(await statusOf(mine)).toMatchObject([{ missing: 0 }])
  await well(mine, 'push', '--remote', '../remote')
})

it('what a killed push left in a folder remote is swept after a day', async () => {
  await well(mine, 'add', 'pictures')
  const arriving = join(work, 'remote', '.arriving')
  const [old, young, slow] = ['add-old', 'add-young', 'add-slow'].map((name) => join(arriving, name))
  for (const folder of [old!, young!, slow!]) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'half'), 'half')
  }
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400
  for (const path of [join(old!, 'half'), old!, slow!]) utimesSync(path, twoDaysAgo, twoDaysAgo)
  await well(mine, 'push', '--remote', '../remote')
  expect(readdirSync(arriving).sort()).toEqual(['add-slow', 'add-young'])
})

it('a store or a working tree that cannot be written is told in words', async () => {
  const file = join(work, 'file')
  writeFileSync(file, 'a file')
  for (const home of [join(file, 'home'), ...(process.platform === 'linux' ? ['/proc/home'] : [])]) {
    const refused = await orrery(['data', 'add', 'pictures', '--home', home], { cwd: mine, endAfterMs: 20_000 })
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('ORRERY_DATA_FOLDER_NOT_WRITABLE') })
  }
  if (process.platform === 'win32') return
  // The largest file that may be written is half of this one.
  writeFileSync(join(mine, 'large'), 'large'.repeat(400_000))
  const limited = spawnSync('sh', ['-c', `ulimit -f 1000; "${process.execPath}" "${BIN}" data add large --copy`], {
    cwd: mine,
    encoding: 'utf8',
  })
  expect([limited.status, limited.stderr]).toEqual([3, expect.stringContaining('ulimit -f')])
  expect(readdirSync(join(mine, '.orrery', 'data', 'arriving'))).toEqual([])
  await well(mine, 'add', 'large')
  rmSync(join(mine, 'large'))
  const back = spawnSync('sh', ['-c', `ulimit -f 1000; "${process.execPath}" "${BIN}" data checkout large --copy`], {
    cwd: mine,
    encoding: 'utf8',
  })
  expect([back.status, back.stderr]).toEqual([3, expect.stringContaining('ORRERY_DATA_FOLDER_NOT_WRITABLE')])
  expect(readdirSync(mine).filter((name) => name.includes('aside'))).toEqual([])
  await well(mine, 'checkout', 'large')
}, 60_000)
