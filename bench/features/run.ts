/**
 * Point-in-time join beside Feast's: `node bench/features/run.ts --python <python with feast[duckdb]> [--size full|small]`.
 * First both must say the same on a case full of ties and expired rows; then both are timed on the large one, in turn.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { withDuck } from '#data'
import { makeTables, type Size, TTL_DAYS, VIEWS } from './tables.ts'

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    size: { type: 'string', default: 'full' },
  },
})

const run = promisify(execFile)
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const TIES: Size = { entities: 20_000, rows: 100_000, customers: 500, moments: 2_000 }
const LARGE: Size =
  options.size === 'full'
    ? { entities: 1_000_000, rows: 5_000_000, customers: 200_000, moments: 31_536_000 }
    : { entities: 100_000, rows: 500_000, customers: 20_000, moments: 31_536_000 }

interface Cost {
  cpu: number
  wall: number
  peakMb: number
}

/** The first join over new versions of the views; every one after it finds them in order. */
type Which = 'first' | 'later'

async function joinHere(folder: string, target: string, which: Which): Promise<Cost> {
  const ordered = join(folder, 'ordered')
  if (which === 'first') await rm(ordered, { recursive: true, force: true })
  const { stdout } = await run(process.execPath, [...[here('./join-product.ts'), folder, target, ordered]])
  return JSON.parse(stdout)
}

async function joinInFeast(folder: string, target: string): Promise<Cost> {
  const args = [here('./feast_peer.py'), 'join', folder, target, 'duckdb', String(TTL_DAYS)]
  const { stdout } = await run(options.python!, args, { maxBuffer: 1e8 })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

const features = Array.from({ length: VIEWS }, (_, v) => [`v${v}_a`, `v${v}_b`]).flat()

/** How many cells differ, of how many that hold something. */
async function differences(folder: string, ours: string, theirs: string) {
  const differ = features.map((name) => `count(*) FILTER (o.${name} IS DISTINCT FROM nullif(t.${name}, 'NaN'::DOUBLE))`)
  const known = features.map((name) => `count(o.${name})`)
  return withDuck({ folders: [folder] }, (duck) =>
    duck.row<{ rows: number; differ: number; known: number }>(
      `SELECT count(*) AS rows, ${differ.join(' + ')} AS differ, ${known.join(' + ')} AS known
       FROM '${ours}' o FULL JOIN '${theirs}' t USING (id)`,
    ),
  )
}

const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-features-'))
try {
  if (options.python) {
    const [ties, ours, theirs] = ['ties', 'ties/ours.parquet', 'ties/feast.parquet'].map((name) => join(folder, name))
    await makeTables(ties!, TIES)
    await joinInFeast(ties!, theirs!)
    for (const which of ['first', 'later'] as const) {
      await joinHere(ties!, ours!, which)
      const { rows, differ, known } = await differences(ties!, ours!, theirs!)
      console.log(`ties and TTL, ${which} join: ${rows} rows, ${known} values known, ${differ} differ`)
      if (differ > 0 || known === 0) process.exitCode = 1
    }
  }
  const large = join(folder, 'large')
  await makeTables(large, LARGE)
  const costs = { first: [] as Cost[], later: [] as Cost[], feast: [] as Cost[] }
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const which of ['first', 'later'] as const)
      costs[which].push(await joinHere(large, join(large, 'joined.parquet'), which))
    if (options.python) costs.feast.push(await joinInFeast(large, '-'))
  }
  const middle = (of: Cost[], what: keyof Cost) => of.map((one) => one[what]).sort((a, b) => a - b)[of.length >> 1]!
  const names = {
    first: 'Orrery, the first join of a version',
    later: 'Orrery, every later join',
    feast: 'Feast, every join',
  }
  console.log(`${LARGE.entities} × ${VIEWS} × ${LARGE.rows}, the middle of ${options.rounds}`)
  for (const [which, of] of Object.entries(costs))
    if (of.length > 0)
      console.log(
        `${names[which as keyof typeof names].padEnd(36)} ${middle(of, 'cpu').toFixed(2)} CPU s, ${middle(of, 'wall').toFixed(2)} s, ${middle(of, 'peakMb')} MiB at most`,
      )
  if (options.python)
    for (const which of ['first', 'later'] as const)
      console.log(`ratio by CPU, ${which}: ${(middle(costs.feast, 'cpu') / middle(costs[which], 'cpu')).toFixed(1)}`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
