/**
 * A folder of pictures profiled, beside sharp alone decoding the same files, in turn: wall and CPU seconds.
 * `node bench/data/pictures.ts [--repeat 3] [--photos 10000]`
 */
import { spawn } from 'node:child_process'
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
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import sharp from 'sharp'

const { values } = parseArgs({
  allowPositionals: true,
  options: { repeat: { type: 'string', default: '3' }, photos: { type: 'string', default: '1500' } },
})
const PHOTOS = fileURLToPath(new URL('../../../shared/data/cats-dogs', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/orrery.js', import.meta.url))

if (process.argv[2] === 'decode') await decodeAll(process.argv[3]!)
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
    await makeLarge(join(folder, 'large'), Number(values.photos))
    for (const name of ['small', 'large']) {
      const node = process.execPath
      await run(node, [BIN, 'data', 'add', '--copy', name], folder)
      const rounds = { sharp: [] as Spent[], ours: [] as Spent[], again: [] as Spent[] }
      for (let round = 0; round < Number(values.repeat); round++) {
        rounds.sharp.push(await run(node, [fileURLToPath(import.meta.url), 'decode', join(folder, name)], folder))
        for (const left of readdirSync(join(folder, '.orrery', 'data')).filter((one) => one.startsWith('pictures.db')))
          rmSync(join(folder, '.orrery', 'data', left))
        rounds.ours.push(await run(node, [BIN, 'data', 'profile', name, '--json'], folder))
        rounds.again.push(await run(node, [BIN, 'data', 'profile', name, '--json'], folder))
      }
      const cpu = (all: Spent[]) => median(all.map((one) => one.cpu))
      const wall = (all: Spent[]) => median(all.map((one) => one.wall))
      console.log(`${name}: ${filesIn(join(folder, name)).length} files`)
      for (const [what, all] of Object.entries(rounds))
        console.log(`  ${what.padEnd(6)} ${cpu(all).toFixed(1)} CPU s, ${wall(all).toFixed(1)} s`)
      console.log(
        `  ours / sharp: CPU ${(cpu(rounds.ours) / cpu(rounds.sharp)).toFixed(2)}, wall ${(wall(rounds.ours) / wall(rounds.sharp)).toFixed(2)}`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Photographs of the size that telephones send: small ones, enlarged with grain, 1,600 × 1,200. */
async function makeLarge(folder: string, many: number): Promise<void> {
  mkdirSync(folder)
  const files = filesIn(PHOTOS)
    .filter((path) => path.endsWith('.jpg'))
    .slice(0, many)
  const grain = await sharp({
    create: {
      width: 1_600,
      height: 1_200,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian', mean: 128, sigma: 20 },
    },
  })
    .png()
    .toBuffer()
  for (const [i, file] of files.entries()) {
    const large = sharp(file)
      .resize(1_600, 1_200, { fit: 'fill' })
      .composite([{ input: grain, blend: 'soft-light' }])
    writeFileSync(join(folder, `${i}.jpg`), await large.jpeg({ quality: 85 }).toBuffer())
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

interface Spent {
  cpu: number
  wall: number
}

/** Runs a command to its end; CPU with that of the processes it started and waited for. */
function run(command: string, args: string[], cwd: string): Promise<Spent> {
  const measured = `import resource,subprocess,sys,time
t=time.time(); code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode
r=resource.getrusage(resource.RUSAGE_CHILDREN); print(r.ru_utime+r.ru_stime, time.time()-t); sys.exit(code)`
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', measured, command, ...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      const [cpu, wall] = said.trim().split(' ').map(Number)
      if (code === 0) resolve({ cpu: cpu!, wall: wall! })
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}`))
    })
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
