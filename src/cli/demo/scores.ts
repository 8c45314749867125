import { evaluate } from '#evaluation'
import { rowMillis, type World } from '#worlds'

export interface PartScore {
  /** `tenth 2`, or a month `2025-03`. */
  readonly part: string
  readonly rows: number
  /** The first version, left alone; `null` where the rows do not define the metric. */
  readonly static: number | null
  readonly loop: number | null
}

export interface Scores {
  readonly metric: 'roc_auc' | 'mae'
  readonly byPart: readonly PartScore[]
  readonly static: number | null
  readonly loop: number | null
}

/**
 * How good the answers were, of the loop and of the first version left alone, on the same rows.
 *
 * @param loop the answer to each row of the world, NaN where there is none
 * @param alone what the first version alone would have said, NaN where that is not known
 */
export function scoreReplay(world: World, loop: Float64Array, alone: Float64Array): Scores {
  const metric = world.task === 'regression' ? 'mae' : 'roc_auc'
  const parts = new Map<string, number[]>()
  for (let row = world.history; row < world.rows.length; row++) {
    const part = partOf(world, row)
    if (part === undefined || Number.isNaN(loop[row]) || Number.isNaN(alone[row])) continue
    const rows = parts.get(part)
    if (rows) rows.push(row)
    else parts.set(part, [row])
  }
  const score = (answers: Float64Array, rows: readonly number[]) => {
    const truth = Float64Array.from(rows, (row) => truthOf(world, row))
    const scores = Float64Array.from(rows, (row) => answers[row]!)
    return evaluate(world.task, truth, scores)[metric] ?? null
  }
  const byPart = [...parts].map(([part, rows]) => ({
    part,
    rows: rows.length,
    static: score(alone, rows),
    loop: score(loop, rows),
  }))
  const all = [...parts.values()].flat()
  return isElec2(world)
    ? { metric, byPart, static: meanOf(byPart, 'static'), loop: meanOf(byPart, 'loop') }
    : { metric, byPart, static: score(alone, all), loop: score(loop, all) }
}

/** Elec2 is scored by tenths of its rows, 2 to 10, and their mean; whoever else reports on it does so, too. */
const isElec2 = (world: Pick<World, 'name'>) => world.name === 'electricity'

/** The part of a row; `undefined` for a row that is not scored. Months of event time but for Elec2. */
function partOf(world: World, row: number): string | undefined {
  if (!isElec2(world)) return new Date(rowMillis(world, world.rows[row]!)).toISOString().slice(0, 7)
  const tenth = Math.min(10, Math.floor(row / Math.floor(world.rows.length / 10)) + 1)
  return tenth < 2 ? undefined : `tenth ${tenth}`
}

function truthOf(world: World, row: number): number {
  const label = world.rows[row]![world.labelColumn]!
  return world.task === 'regression' ? Number(label) : String(label) === String(world.positive) ? 1 : 0
}

function meanOf(parts: readonly PartScore[], of: 'static' | 'loop'): number | null {
  const known = parts.map((part) => part[of]).filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
