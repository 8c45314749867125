import { describe, expect, it } from 'vitest'
import type { Signature } from '#registry/contract'
import { labelledOf } from './labelled-rows.ts'
import type { ServedRow } from './recent-rows.ts'
import type { VersionFacts } from './versions.ts'
import { lossOf, weightsOf } from './weights.ts'

const signature: Signature = { task: 'regression', features: [], classes: [], label: 'y' }
const facts = (version: number, promisedLoss: number): VersionFacts => ({
  ...{ version, promisedLoss, signature, metrics: {}, trainedUntil: null },
})

/** Ten rows of truth 0; each version's answer is its error. */
const labelled = (scores: (i: number) => Record<string, number>) =>
  labelledOf(
    Array.from(
      { length: 10 },
      (_, i): ServedRow => ({
        ...{ seq: i + 1, id: `p${i}`, version: 1, route: 'stable', eventTime: i, latencyMs: 1, inputs: {}, value: 0 },
        ...{ probabilities: null, truth: '0', scores: scores(i) },
      }),
    ),
    signature,
  )

describe('the weights of a committee', () => {
  it('follow the losses on the same rows, relative to the best', () => {
    const weights = weightsOf(
      labelled(() => ({ 1: 1, 2: 1.1 })),
      [facts(1, 9), facts(2, 9)],
      0.1,
    )
    expect(weights[1]! + weights[2]!).toBeCloseTo(1, 12)
    expect(weights[2]! / weights[1]!).toBeCloseTo(Math.exp(-1), 10)
  })

  it('are more even the higher the temperature', () => {
    const rows = labelled(() => ({ 1: 1, 2: 1.1 }))
    const versions = [facts(1, 9), facts(2, 9)]
    expect(weightsOf(rows, versions, 10)[2]).toBeCloseTo(0.5, 1)
    expect(weightsOf(rows, versions, 0.001)[2]).toBeLessThan(1e-6)
  })

  it('take a version at its promise for the rows that it has not scored', () => {
    const rows = labelled((i) => (i < 8 ? { 1: 1 } : { 1: 1, 2: 3 }))
    expect(lossOf(rows, facts(2, 0.5))).toBeCloseTo((2 * 3 + 8 * 0.5) / 10, 12)
    expect(lossOf(rows, facts(1, 0.5))).toBe(1)
    expect(lossOf(rows, facts(3, 0.7))).toBeCloseTo(0.7, 12)
    expect(lossOf(labelledOf([], signature), facts(1, 0.4))).toBe(0.4)
  })
})
