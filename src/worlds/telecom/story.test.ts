import { beforeAll, describe, expect, it } from 'vitest'
import { rocAuc } from '#evaluation'
import { takeRows } from '#platform/table'
import { fitModel, predict, type RecipeInput } from '#trainer'
import { frameOf } from '../frame.ts'
import { rowMillis } from '../world.ts'
import { campaign, offer, outcomeDays } from './schedule.ts'
import { telecomWorld } from './world.ts'

/*
 * Whether the world is a fair test: not what the equations say, but what a model that is left alone, and one that is
 * fitted again, make of the table. Figures of more seeds: docs/guide/simulated-telecom.md.
 */

const world = telecomWorld({ seed: 7 })
const frame = frameOf(world.rows, world.features)
const label = Float64Array.from(world.rows, (row) => (row.churned === 'yes' ? 1 : 0))
const days = world.rows.map((row) => (rowMillis(world, row) - Date.UTC(2025, 0, 1)) / 86_400_000)
const between = (from: number, to: number) => days.flatMap((day, i) => (day >= from && day < to ? [i] : []))

function aucAfterFit(recipe: RecipeInput, training: readonly number[]): (rows: readonly number[]) => number {
  const problem = { task: 'binary', classes: ['no', 'yes'] } as const
  const target = Float64Array.from(training, (i) => label[i]!)
  const model = fitModel(problem, recipe, { frame: takeRows(frame, training), target })
  return (rows) =>
    rocAuc(
      Float64Array.from(rows, (i) => label[i]!),
      predict(model, takeRows(frame, rows)),
    )
}

describe.each(['logistic', 'boosted_trees'] as const)('%s', (learner) => {
  const recipe: RecipeInput = learner === 'boosted_trees' ? { learner, trees: 120 } : { learner }
  // Late enough that all labels the fresh model learns from are known: its last row was scored thirty days before.
  const lastMonths = between(offer.full + 2 * outcomeDays, 366)
  let alone: (rows: readonly number[]) => number
  let fresh: (rows: readonly number[]) => number
  beforeAll(() => {
    alone = aucAfterFit(recipe, between(-400, 0))
    fresh = aucAfterFit(recipe, between(offer.from, offer.full + outcomeDays))
  })

  it('learns the ordinary times', () => {
    const auc = alone(between(0, campaign.from))
    expect(auc).toBeGreaterThan(0.78)
    expect(auc).toBeLessThan(0.85)
  })

  it('loses little in the campaign', () => {
    expect(alone(between(campaign.full, campaign.until))).toBeGreaterThan(alone(between(0, campaign.from)) - 0.04)
  })

  it('loses about a tenth under the offer when left alone', () => {
    const loss = alone(between(0, campaign.from)) - alone(between(offer.full, 366))
    expect(loss).toBeGreaterThan(0.07)
    expect(loss).toBeLessThan(0.14)
  })

  it('wins most of it back when fitted on fresh labels', () => {
    expect(fresh(lastMonths)).toBeGreaterThan(alone(lastMonths) + 0.07)
    expect(fresh(lastMonths)).toBeGreaterThan(0.77)
  })
})
