/**
 * A folder of pictures profiled, beside sharp alone decoding the same files, in turn: wall and CPU seconds.
 * `node bench/data/pictures.ts [--repeat 3] [--photos 500]`
 *
 * `--many 100000` makes so many small pictures of them instead (cuts and mirror images), adds them, profiles them with a `kill -9`
 * in the middle, and again: what is measured stays measured.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import sharp from 'sharp'

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    repeat: { type: 'string', default: '3' },
    photos: { type: 'string', default: '500' },
    many: { type: 'string' },
  },
})
const PHOTOS = fileURLToPath(new URL('../../../shared/data/cats-dogs', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/orrery.js', import.meta.url))

if (process.argv[2] === 'decode') await decodeAll(process.argv[3]!)
else if (values.many !== undefined) await many(Number(values.many))
else await compare()

/** What sharp does alone: every file, to its pixels. */
async function decodeAll(folder: string): Promise<void> {
  const files = filesIn(folder).values()
  sharp.cache(false)
  sharp.concurrency(1)
  const work = async () => {
    for (const file of files) await sharp(readFileSync(file)).raw().toBuffer()
  }
  await Promise.all(Array.from({ length: 4 }, work))
}

async function compare(): Promise<void> {
  if (!existsSync(PHOTOS)) throw new Error(`There are no photographs at ${PHOTOS}.`)
  const folder = mkdtempSync(join(tmpdir(), 'orrery-bench-pictures-'))
  try {
    await run('git', ['init', '-q', folder], folder)
    cpSync(PHOTOS, join(folder, 'small'), {
      recursive: true,
      filter: (path) => statSync(path).isDirectory() || path.endsWith('.jpg'),
    })
    await makePhotos(join(folder, 'middle'), 2 * Number(values.photos), { width: 500, height: 375 })
    await makePhotos(join(folder, 'large'), Number(values.photos), { width: 1_600, height: 1_200 })
    for (const name of ['small', 'middle', 'large']) {
      const node = process.execPath
      await run(node, [BIN, 'data', 'add', '--copy', name], folder)
      const rounds = { sharp: [] as Spent[], ours: [] as Spent[], again: [] as Spent[] }
      for (let round = 0; round < Number(values.repeat); round++) {
        rounds.sharp.push(await run(node, [fileURLToPath(import.meta.url), 'decode', join(folder, name)], folder))
        for (const left of readdirSync(join(folder, '.orrery', 'data')))
          if (left.startsWith('pictures.db') || left === 'profiles')
            rmSync(join(folder, '.orrery', 'data', left), { recursive: true })
        rounds.ours.push(await run(node, [BIN, 'data', 'profile', name, '--json'], folder))
        rounds.again.push(await run(node, [BIN, 'data', 'profile', name, '--json'], folder))
      }
      const cpu = (all: Spent[]) => median(all.map((one) => one.cpu))
      const wall = (all: Spent[]) => median(all.map((one) => one.wall))
      const rss = (all: Spent[]) => Math.max(...all.map((one) => one.rss)) / 1024
      console.log(`${name}: ${filesIn(join(folder, name)).length} files; load ${loadavg()[0]!.toFixed(1)}`)
      for (const [what, all] of Object.entries(rounds))
        console.log(
          `  ${what.padEnd(6)} ${cpu(all).toFixed(1)} CPU s, ${wall(all).toFixed(1)} s, ${rss(all).toFixed(0)} MiB`,
        )
      console.log(
        `  ours / sharp: CPU ${(cpu(rounds.ours) / cpu(rounds.sharp)).toFixed(2)}, wall ${(wall(rounds.ours) / wall(rounds.sharp)).toFixed(2)}`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Photographs as the web has them, and as telephones send them: small ones, enlarged with grain. */
async function makePhotos(folder: string, many: number, size: { width: number; height: number }): Promise<void> {
  mkdirSync(folder)
  const files = filesIn(PHOTOS)
    .filter((path) => path.endsWith('.jpg'))
    .slice(0, many)
  const grain = await sharp({
    create: {
      ...size,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian', mean: 128, sigma: 20 },
    },
  })
    .png()
    .toBuffer()
  for (const [i, file] of files.entries()) {
    const large = sharp(file)
      .resize({ ...size, fit: 'fill' })
      .composite([{ input: grain, blend: 'soft-light' }])
    writeFileSync(join(folder, `${i}.jpg`), await large.jpeg({ quality: 85 }).toBuffer())
  }
}

/** A folder as large as people have: added, profiled over a kill, profiled again, and decoded by sharp alone. */
async function many(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-bench-pictures-'))
  try {
    await run('git', ['init', '-q', folder], folder)
    await makeMany(join(folder, 'many'), count)
    const node = process.execPath
    const shown = (what: string, { cpu, wall, rss }: Spent) =>
      console.log(`  ${what.padEnd(24)} ${cpu.toFixed(1)} CPU s, ${wall.toFixed(1)} s, ${(rss / 1024).toFixed(0)} MiB`)
    console.log(`${count} pictures; load ${loadavg()[0]!.toFixed(1)}`)
    const alone = await run(node, [fileURLToPath(import.meta.url), 'decode', join(folder, 'many')], folder)
    shown('sharp alone', alone)
    shown('add', await run(node, [BIN, 'data', 'add', '--copy', 'many'], folder))
    shown('add again', await run(node, [BIN, 'data', 'add', '--copy', 'many'], folder))
    const before = await killedAt(folder, count / 3)
    console.log(`  killed when ${before.toLocaleString('en')} pictures were measured and kept`)
    const rest = await run(node, [BIN, 'data', 'profile', 'many', '--json'], folder)
    shown('profile, the rest', rest)
    const each = (rest.cpu / (count - before)) * count
    console.log(`  of all, that is ${each.toFixed(1)} CPU s: ${(each / alone.cpu).toFixed(2)} × sharp alone`)
    shown('profile again', await run(node, [BIN, 'data', 'profile', 'many', '--json'], folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Starts to profile, and kills it and its processes once so many pictures are kept; how many are. */
async function killedAt(folder: string, wanted: number): Promise<number> {
  const file = join(folder, '.orrery', 'data', 'pictures.db')
  const child = spawn(process.execPath, [BIN, 'data', 'profile', 'many', '--json'], {
    cwd: folder,
    detached: true,
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const kept = () => {
    if (!existsSync(file)) return 0
    const database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 })
    try {
      return (database.prepare('select count(*) as kept from measured').get() as { kept: number }).kept
    } finally {
      database.close()
    }
  }
  while (child.exitCode === null && kept() < wanted) await sleep(100)
  process.kill(-child.pid!, 'SIGKILL')
  await ended
  return kept()
}

/** Cuts and mirror images of the photographs: each has pixels of its own. */
async function makeMany(folder: string, count: number): Promise<void> {
  const photos = filesIn(PHOTOS).filter((path) => path.endsWith('.jpg'))
  const numbers = Array.from({ length: count }, (_, i) => i).values()
  const make = async () => {
    for (const i of numbers) {
      const kind = basename(dirname(photos[i % photos.length]!))
      const place = join(folder, kind, `${Math.floor(i / 1_000)}`)
      mkdirSync(place, { recursive: true })
      const variant = Math.floor(i / photos.length)
      const cut = { left: variant % 4, top: (variant >> 2) % 4, width: 92, height: 92 }
      const one = sharp(photos[i % photos.length]!).extract(cut)
      writeFileSync(join(place, `${i}.jpg`), await (variant % 2 ? one.flop() : one).jpeg({ quality: 85 }).toBuffer())
    }
  }
  sharp.cache(false)
  sharp.concurrency(1)
  await Promise.all(Array.from({ length: 4 }, make))
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

interface Spent {
  cpu: number
  wall: number
  /** KiB, of the largest process. */
  rss: number
}

/** Runs a command to its end; CPU with that of the processes it started and waited for. */
function run(command: string, args: string[], cwd: string): Promise<Spent> {
  const measured = `import resource,subprocess,sys,time
t=time.time(); code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode
r=resource.getrusage(resource.RUSAGE_CHILDREN); print(r.ru_utime+r.ru_stime, time.time()-t, r.ru_maxrss); sys.exit(code)`
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', measured, command, ...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      const [cpu, wall, rss] = said.trim().split(' ').map(Number)
      if (code === 0) resolve({ cpu: cpu!, wall: wall!, rss: rss! })
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}`))
    })
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
