/**
 * Claim: the loop keeps a model in step better than any calendar of the same cost. Elec2 is replayed through a real
 * server, one request a row, labels 48 rows late, from several starting phases; the same configuration, untouched, on
 * bike sharing. See README.md for the protocol.
 *
 *     node bench/loop-elec2/run.ts [--world elec2|bike] [--phases 5] [--no-calendars] [--rows 5000]
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Lived, liveThrough } from '../../src/cli/demo/live-through.ts'
import { quietStory } from '../../src/cli/demo/quiet-story.ts'
import { progressLine } from '../../src/cli/demo/status-block.ts'
import type { Summary } from '../../src/cli/demo/summary.ts'
import { findWorld } from '../../src/cli/demo/world.ts'
import type { World } from '#worlds'
import { fixedCalendar } from './calendar.ts'
import { phaseOf } from './phase.ts'
import { printBike, printElec2 } from './tables.ts'

const { values: flags } = parseArgs({
  options: {
    world: { type: 'string' },
    phases: { type: 'string', default: '5' },
    rows: { type: 'string' },
    data: { type: 'string', default: '../shared/data' },
    'no-calendars': { type: 'boolean', default: false },
  },
})

const PROGRESS_MS = 15_000

/** One life, and what it came to. */
async function lifeOf(name: string, world: World, edit?: (file: string) => string): Promise<Summary> {
  const home = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  let last = 0
  const story = quietStory({
    progress: (progress) => {
      if (Date.now() - last < PROGRESS_MS) return
      last = Date.now()
      console.error(`${name} · ${progressLine(progress)}`)
    },
  })
  try {
    const rows = flags.rows === undefined ? undefined : Number(flags.rows)
    const options = { world, home, rows, ...(edit && { edit }) }
    return await liveThrough(story, options, async (lived: Lived) => lived.summary)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function worldIn(path: string): Promise<World | undefined> {
  const file = join(flags.data, path)
  if (existsSync(file)) return findWorld({ data: file, sha256: undefined, seed: 0, downloads: tmpdir() })
  console.error(`${file} is not there: skipped`)
  return undefined
}

async function elec2(): Promise<void> {
  const table = await worldIn('elec2/elec2.csv')
  if (!table) return
  const runs = []
  for (let phase = 0; phase < Number(flags.phases); phase++) {
    const world = phaseOf(table, phase)
    const loop = await lifeOf(`elec2, phase ${phase}, loop`, world)
    const every = fixedCalendar(world, loop.retrainings)
    const calendar = flags['no-calendars']
      ? undefined
      : await lifeOf(`elec2, phase ${phase}, every ${every.days} d`, world, every.edit)
    runs.push({ phase, start: world.history, loop, calendar, days: every.days })
    printElec2(runs)
  }
}

async function bike(): Promise<void> {
  const world = await worldIn('bike-sharing/hour.csv')
  if (world) printBike(await lifeOf('bike sharing, loop', world))
}

if (flags.world !== 'bike') await elec2()
if (flags.world !== 'elec2') await bike()
