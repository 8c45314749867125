import { populationStabilityIndex } from '#evaluation'
import type { Evidence } from '#deployments/contract'
import type { Signature } from '#registry/contract'
import type { ServedRow } from './recent-rows.ts'

const BINS = 10

/**
 * How far two versions answer the same requests differently: the share that they decide otherwise (binary), and the
 * population stability index between their answers over tenths of the champion's. Known before any label is. Of a
 * multiclass answer the log keeps each version's probability of one class only, from which neither follows.
 */
export function compareAnswers(
  rows: readonly ServedRow[],
  candidate: number,
  champion: number,
  { task }: Signature,
): Evidence['answers'] {
  if (task === 'multiclass') return null
  const both = rows.flatMap(({ scores }) => {
    const [a, b] = [scores[candidate], scores[champion]]
    return a === undefined || b === undefined ? [] : [[a, b] as const]
  })
  if (both.length === 0) return null
  const sorted = Float64Array.from(both, ([, b]) => b).sort()
  const edges = Array.from({ length: BINS - 1 }, (_, i) => sorted[Math.floor(((i + 1) / BINS) * sorted.length)]!)
  const counted = (values: readonly number[]) => {
    const counts = new Array<number>(BINS).fill(0)
    for (const value of values) counts[edges.filter((edge) => value >= edge).length]!++
    return counts
  }
  const psi = populationStabilityIndex(counted(both.map(([, b]) => b)), counted(both.map(([a]) => a)))
  const changed = both.filter(([a, b]) => a >= 0.5 !== b >= 0.5).length / both.length
  return { changed: task === 'binary' ? changed : null, psi: Number.isFinite(psi) ? psi : null }
}
