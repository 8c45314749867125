/**
 * Datasets of files: Orrery and its peers in turn on the same machine and the same files, 20,000 of 10 kB and one of
 * 1 GB. `node bench/data/files.ts [--rounds 3] [--folder <scratch>] [--dvc <program>]`; without --dvc, `cp` is the only peer.
 *
 * What is compared ends on disk: `cp -r` is followed by a sync, Orrery syncs by itself, DVC does not. Before each
 * measurement the file system is synced, so that nobody pays for what others wrote. `sha256sum` beside `cp` is the floor
 * for programs that hash and copy. No small file is deleted before the end: ext4 gives no inode away again for minutes
 * after it was freed, and looks past all of them for each new file, which costs up to ten times the copy itself.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const ORRERY = fileURLToPath(new URL('../../bin/orrery.js', import.meta.url))
const FILES = 20_000
const BYTES = 10_000
const LARGE = 1e9
const CHANGED = 10

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
    dvc: { type: 'string' },
  },
})
const scratch = mkdtempSync(join(values.folder, 'orrery-bench-files-'))
// Each folder in it has a part of the disk of its own, where ext4 has not just freed what an earlier run left.
spawnSync('chattr', ['+T', scratch], { stdio: 'ignore' })
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
const source = join(scratch, 'source')
makeFiles()

interface Measured {
  wall: number
  cpu: number
}
const results = new Map<string, Measured[]>()

for (let round = 0; round < Number(values.rounds); round++) {
  measureCopy()
  for (const how of ['copy', 'link'] as const) measureOrrery(how)
  if (values.dvc) for (const how of ['copy', 'hardlink'] as const) measureDvc(values.dvc, how)
}
printTable()

/** Different bytes in each file; as old as files are that somebody adds. */
function makeFiles(): void {
  mkdirSync(source)
  const then = Date.now() / 1000 - 3600
  // No pattern that a disk or a file system could make smaller.
  const noise = execFileSync('head', ['-c', String(BYTES * 256), '/dev/urandom'], { maxBuffer: BYTES * 300 })
  for (let i = 0; i < FILES; i++) {
    const folder = join(source, String(i % 20))
    if (i < 20) mkdirSync(folder)
    const bytes = Buffer.from(noise.subarray((i % 255) * BYTES, ((i % 255) + 1) * BYTES))
    bytes.writeUInt32LE(i, 0)
    writeFileSync(join(folder, `${i}.png`), bytes)
    utimesSync(join(folder, `${i}.png`), then, then)
  }
  const large = join(source, 'large.bin')
  const file = openSync(large, 'w')
  for (let at = 0; at < LARGE; at += noise.length) {
    noise.writeDoubleLE(at, 0)
    writeSync(file, noise, 0, Math.min(noise.length, LARGE - at))
  }
  closeSync(file)
  utimesSync(large, then, then)
}

function measureCopy(): void {
  const folder = workFolder()
  measure('add · cp -r, sync', ['sh', '-c', 'cp -r pictures copy && sync -f copy'], folder)
  const beside =
    'find pictures -type f -print0 | xargs -0 sha256sum >sums & cp -r pictures beside; wait; sync -f beside'
  measure('add · cp -r beside sha256sum, sync', ['sh', '-c', beside], folder)
  makeRoom(folder)
}

/** Takes the large files away. */
function makeRoom(folder: string): void {
  execFileSync('find', [folder, '-type', 'f', '-size', '+100M', '-delete'])
}

function measureOrrery(how: 'copy' | 'link'): void {
  const folder = workFolder()
  const orrery = (...args: string[]) => [process.execPath, ORRERY, 'data', ...args]
  measure(`add · orrery, ${how}`, orrery('add', 'pictures', `--${how}`), folder)
  change(folder)
  measure(`re-add, 10 changed · orrery, ${how}`, orrery('add', 'pictures', `--${how}`), folder)
  if (how === 'copy') {
    measure('push · orrery', orrery('push', '--remote', join(folder, 'remote')), folder)
    putAway(folder)
    measure('checkout, copies · orrery', orrery('checkout', '--copy'), folder)
    putAway(folder)
    measure('checkout, links · orrery', orrery('checkout', '--link'), folder)
  }
  makeRoom(folder)
}

function measureDvc(program: string, how: 'copy' | 'hardlink'): void {
  const folder = workFolder()
  const quiet = { cwd: folder, stdio: 'ignore' } as const
  execFileSync(program, ['init', '-q'], quiet)
  execFileSync(program, ['config', 'core.analytics', 'false'], quiet)
  execFileSync(program, ['config', 'cache.type', how], quiet)
  execFileSync(program, ['remote', 'add', '-d', 'store', join(folder, 'remote')], quiet)
  measure(`add · dvc, ${how}`, [program, 'add', '-q', 'pictures'], folder)
  change(folder)
  measure(`re-add, 10 changed · dvc, ${how}`, [program, 'add', '-q', 'pictures'], folder)
  if (how === 'copy') {
    measure('push · dvc', [program, 'push', '-q'], folder)
    putAway(folder)
    measure('checkout, copies · dvc', [program, 'checkout', '-q'], folder)
  }
  makeRoom(folder)
}

/** The files are gone from where they were, without being deleted. */
function putAway(folder: string): void {
  renameSync(join(folder, 'pictures'), mkdtempSync(join(scratch, 'away-')))
}

/** A repository with the files in it, on disk. */
function workFolder(): string {
  const folder = mkdtempSync(join(scratch, 'work-'))
  execFileSync('git', ['init', '-q', folder])
  execFileSync('cp', ['-r', '--preserve=timestamps', source, join(folder, 'pictures')])
  return folder
}

function change(folder: string): void {
  for (let i = 0; i < CHANGED; i++) {
    const path = join(folder, 'pictures', String(i), `${i}.png`)
    const bytes = readFileSync(path)
    bytes.writeUInt32LE(FILES + i, 0)
    rmSync(path)
    writeFileSync(path, bytes)
    const then = Date.now() / 1000 - 60
    utimesSync(path, then, then)
  }
}

function measure(name: string, [program, ...args]: string[], cwd: string): void {
  // A virtual machine is given memory when it is first used, which costs seconds: nobody is to pay that for the others.
  const warm = join(scratch, 'warm')
  execFileSync('dd', ['if=/dev/zero', `of=${warm}`, 'bs=1M', 'count=2600'], { stdio: 'ignore' })
  rmSync(warm)
  execFileSync('sync', ['-f', scratch])
  const usage = join(scratch, 'usage')
  const began = performance.now()
  const { status } = spawnSync('/usr/bin/time', ['-o', usage, '-f', '%U %S', program!, ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ORRERY_HOME: '', CI: '1' },
  })
  const wall = (performance.now() - began) / 1000
  if (status !== 0 || !existsSync(usage)) throw new Error(`${name} failed (${status})`)
  const cpu = readFileSync(usage, 'utf8').trim().split(/\s+/).map(Number)
  console.error(
    `${name}: ${wall.toFixed(2)} s, CPU ${(cpu[0]! + cpu[1]!).toFixed(2)} s, load ${loadavg()[0]!.toFixed(1)}`,
  )
  results.set(name, [...(results.get(name) ?? []), { wall, cpu: cpu[0]! + cpu[1]! }])
}

function printTable(): void {
  const sorted = (list: number[]) => list.toSorted((a, b) => a - b)
  console.log('| work | wall s: median | least | CPU s: median |\n|---|---|---|---|')
  for (const [name, measured] of [...results].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const walls = sorted(measured.map(({ wall }) => wall))
    const cpus = sorted(measured.map(({ cpu }) => cpu))
    const middle = (list: number[]) => list[Math.floor(list.length / 2)]!.toFixed(2)
    console.log(`| ${name} | ${middle(walls)} | ${walls[0]!.toFixed(2)} | ${middle(cpus)} |`)
  }
}
