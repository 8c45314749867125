/** Points of metrics on their way: each once, in pieces, with their sums. Pure. */
import type { ImportedPoints, PointSums } from '#tracking/contract'
import type { SourceModel, SourcePoints } from './source.ts'

const MODULUS = 65_521

export const noPoints = (): PointSums => ({ points: 0, steps: 0, times: 0, nans: 0, least: null, most: null })

export const sameSums = (a: PointSums, b: PointSums): boolean =>
  a.points === b.points &&
  a.steps === b.steps &&
  a.times === b.times &&
  a.nans === b.nans &&
  a.least === b.least &&
  a.most === b.most

/** What was measured of a logged model, and on which dataset. */
type Of = Pick<ImportedPoints, 'model' | 'dataset'>
const OF_NOTHING: Of = { model: null, dataset: null }

export interface PointIntake {
  /** The points that were not there before. */
  take(points: SourcePoints): ImportedPoints[]
  sumsOf(run: string): PointSums
}

/**
 * Takes the points of some runs. A client that saw no answer sent its points again, and a file keeps both; here, as in
 * the original's databases, they are one.
 */
export function openPointIntake(
  here: ReadonlyMap<string, string>,
  models: readonly Pick<SourceModel, 'id' | 'metrics'>[],
): PointIntake {
  const sums = new Map<string, PointSums>()
  const seen = new Map<string, Set<string>>()
  const measured = new Map<string, Of>()
  const measuredKeys = new Set<string>()
  for (const { id, metrics } of models) {
    for (const { run, key, step, at, dataset } of metrics) {
      measured.set(`${run} ${step} ${at} ${key}`, { model: id, dataset })
      measuredKeys.add(`${run} ${key}`)
    }
  }

  return {
    take: ({ run, key, steps, times, values, datasets }) => {
      const sum = sums.get(run) ?? noPoints()
      sums.set(run, sum)
      const history = `${run} ${key}`
      const known = seen.get(history) ?? new Set()
      seen.set(history, known)
      const isMeasured = measuredKeys.has(history)
      const byOf = new Map<string, ImportedPoints>()
      for (const [i, step] of steps.entries()) {
        const at = times[i]!
        const value = finite(values[i]!)
        const point = `${step} ${at} ${value}`
        if (known.has(point)) continue
        known.add(point)
        add(sum, step, at, value)
        const of = (isMeasured && measured.get(`${run} ${step} ${at} ${key}`)) || OF_NOTHING
        const dataset = of.dataset ?? datasets?.[i] ?? null
        const name = of === OF_NOTHING && !dataset ? '' : JSON.stringify([of.model, dataset])
        let columns = byOf.get(name)
        if (!columns) {
          columns = { run: here.get(run) ?? run, key, model: of.model, dataset, steps: [], times: [], values: [] }
          byOf.set(name, columns)
        }
        columns.steps.push(step)
        columns.times.push(at)
        columns.values.push(Number.isNaN(value) ? null : value)
      }
      return [...byOf.values()]
    },
    sumsOf: (run) => sums.get(run) ?? noPoints(),
  }
}

/** Infinities are the largest numbers there are, here as in the original's databases. */
const finite = (value: number) => Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE)

function add(sum: PointSums, step: number, at: number, value: number): void {
  const kept = Number.isNaN(value) ? 0 : value
  sum.points++
  sum.steps += step % MODULUS
  sum.times += at % MODULUS
  if (Number.isNaN(value)) sum.nans++
  sum.least = Math.min(sum.least ?? kept, kept)
  sum.most = Math.max(sum.most ?? kept, kept)
}

/** Histories in requests of at most `most` points. */
export function* inRequests(histories: readonly ImportedPoints[], most: number): Generator<ImportedPoints[]> {
  let request: ImportedPoints[] = []
  let size = 0
  for (const history of histories) {
    for (let from = 0; from < history.steps.length; ) {
      const to = Math.min(history.steps.length, from + most - size)
      const [steps, times, values] = [history.steps, history.times, history.values].map((all) => all.slice(from, to))
      request.push({ ...history, steps: steps as number[], times: times as number[], values: values! })
      size += to - from
      from = to
      if (size < most) continue
      yield request
      request = []
      size = 0
    }
  }
  if (request.length > 0) yield request
}
