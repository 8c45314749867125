import { columnNamed, type Frame } from '#platform/table'
import type { Distribution, FeatureCost, LossProfile } from './contract.ts'
import { binsOfRows } from './histogram.ts'
import { mean } from './losses.ts'
import type { Values } from './scored.ts'

/**
 * The mean loss within each bin of each feature on held-out rows, kept at release so that drift can be priced later.
 * @throws RangeError when there is not one loss per row
 */
export function lossProfile(frame: Frame, losses: Values, baseline: Distribution): LossProfile {
  if (losses.length !== frame.rows) throw new RangeError(`${losses.length} losses do not fit ${frame.rows} rows`)
  return {
    rows: frame.rows,
    meanLoss: mean(losses),
    features: baseline.features.flatMap((histogram) => {
      const column = columnNamed(frame, histogram.name)
      if (column?.kind !== histogram.kind) return []
      return [{ name: histogram.name, ...lossesByBin(binsOfRows(column, histogram), losses, histogram.counts.length) }]
    }),
  }
}

function lossesByBin(bins: Int32Array, losses: Values, binCount: number) {
  const counts = new Array<number>(binCount).fill(0)
  const means = new Array<number>(binCount).fill(0)
  const spread = new Array<number>(binCount).fill(0)
  for (let i = 0; i < bins.length; i++) {
    const bin = bins[i]!
    counts[bin]!++
    const away = losses[i]! - means[bin]!
    means[bin]! += away / counts[bin]!
    spread[bin]! += away * (losses[i]! - means[bin]!)
  }
  return {
    counts,
    meanLoss: means.map((value, bin) => (counts[bin]! > 0 ? value : null)),
    variance: spread.map((value, bin) => (counts[bin]! > 1 ? value / (counts[bin]! - 1) : 0)),
  }
}

/**
 * What each feature's drift costs, estimated without labels: the held-out mean loss of its bins weighed by where rows
 * fall now, minus the same weighed by where they fell, sum_bin (p_now - p_held-out) * mean loss of the bin
 * (post-stratification on one feature).
 *
 * It sees covariate shift only. If the same inputs now mean something else (concept drift), it sees nothing, and labels
 * must tell. Features are priced one at a time, so the costs of features that move together must not be added up.
 */
export function costOfDrift(profile: LossProfile, current: Distribution): FeatureCost[] {
  const costs = profile.features.flatMap((feature) => {
    const now = current.features.find(({ name }) => name === feature.name)
    return now && now.n > 0 ? [costOf(feature, profile, now.counts, now.n)] : []
  })
  return costs.sort((a, b) => b.cost - a.cost)
}

function costOf(
  feature: LossProfile['features'][number],
  profile: LossProfile,
  counts: readonly number[],
  n: number,
): FeatureCost {
  let cost = 0
  let unseen = 0
  let squares = 0
  let error = 0
  counts.forEach((count, bin) => {
    const now = count / n
    const held = feature.counts[bin]!
    if (held === 0) unseen += now
    const away = (feature.meanLoss[bin] ?? profile.meanLoss) - profile.meanLoss
    cost += now * away
    squares += now * away * away
    // The bin means' own error matters as far as their weight has changed.
    if (held > 0) error += ((now - held / profile.rows) ** 2 * feature.variance[bin]!) / held
  })
  const samplingOfNow = (squares - cost * cost) / n
  return {
    name: feature.name,
    cost,
    standardError: Math.sqrt(error + Math.max(0, samplingOfNow)),
    relative: profile.meanLoss === 0 ? null : cost / profile.meanLoss,
    unseen,
  }
}
