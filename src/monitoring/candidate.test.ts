import { describe, expect, it } from 'vitest'
import type { Rollout } from '#deployments/contract'
import { compileCondition } from '#projects'
import { holdEnds, judgeCandidate, liveSince } from './candidate.ts'
import type { MonitorPlan } from './plan.ts'
import type { ServedRow } from './recent-rows.ts'
import type { VersionFacts } from './versions.ts'

const HOUR = 3_600_000

const facts = (version: number): VersionFacts => ({
  version,
  signature: { task: 'binary', features: [], classes: ['0', '1'], label: 'y' },
  promisedLoss: 0.4,
  metrics: {},
  trainedUntil: null,
})

const planWith = (rollBackIf: string): MonitorPlan => ({
  ...{ every: 24 * HOUR, labelDelay: 0, metric: undefined, drift: undefined, decay: undefined, fairness: undefined },
  quality: { window: 24 * HOUR, alertIf: undefined, estimate: false },
  combine: undefined,
  rollBackIf: compileCondition(rollBackIf, 'rollback'),
  promoteIf: undefined,
  value: undefined,
  redacted: [],
})

/** A request an hour; the champion (v1) always knows, the candidate (v2) is right `rightOf` out of 4 times. */
function requests(count: number, rightOf: number, over: (i: number) => Partial<ServedRow> = () => ({})): ServedRow[] {
  return Array.from({ length: count }, (_, i) => {
    const truth = i % 2
    const sure = (right: boolean) => (right === (truth === 1) ? 0.9 - i / 1e4 : 0.1 + i / 1e4)
    return {
      ...{ seq: i + 1, id: `p${i}`, version: 1, route: i % 10 === 0 ? 'canary' : 'stable', eventTime: i * HOUR },
      ...{ latencyMs: i % 10 === 0 ? 8 : 2, inputs: {}, value: 0.5, probabilities: null },
      scores: { 1: sure(true), 2: sure(i % 4 < rightOf) },
      truth: String(truth),
      ...over(i),
    }
  })
}

const judge = (
  rows: ServedRow[],
  rollBackIf = 'errors.rate > 0.01 || improvement.upper95 < 0',
  labelledBefore = 1e12,
) =>
  judgeCandidate({
    ...{
      rows,
      labelledBefore,
      candidate: facts(2),
      champion: facts(1),
      plan: planWith(rollBackIf),
      metric: 'log_loss',
    },
  })

describe('the verdict on a candidate', () => {
  it('is worse when the labels say so on the same rows, and says how it knows', () => {
    const verdict = judge(requests(80, 2))!
    expect(verdict.worse).toBe(true)
    expect(verdict.note).toMatch(
      /^v2 against v1, log_loss [\d.]+ to [\d.]+ on 80 labels \(better by -[\d.]+ ± [\d.]+\), 80 requests, no error; worse: /,
    )
    expect(judge(requests(80, 4))).toMatchObject({ worse: false })
  })

  it('is never worse for want of labels', () => {
    const verdict = judge(requests(80, 2), undefined, 0)!
    expect(verdict).toMatchObject({ worse: false, note: 'v2 against v1, no labels yet, 80 requests, no error' })
  })

  it('is worse when it fails, even where the stable versions answered for it', () => {
    const failing = requests(80, 4, (i) => (i % 8 === 7 ? { scores: { 1: 0.5 } } : {}))
    const verdict = judge(failing, undefined, 0)!
    expect(verdict.worse).toBe(true)
    expect(verdict.note).toMatch(/80 requests, 10 errors; worse: errors\.rate = 0\.125/)
  })

  it('does not blame it for requests that came before it was loaded', () => {
    const early = requests(80, 4, (i) => (i < 30 ? { scores: { 1: 0.5 } } : {}))
    expect(judge(early, undefined, 0)).toMatchObject({
      worse: false,
      note: 'v2 against v1, no labels yet, 50 requests, no error',
    })
  })

  it('is not given before the candidate has scored anything', () => {
    expect(judge(requests(80, 4, () => ({ scores: { 1: 0.5 } })))).toBeUndefined()
  })

  it('knows the latency of both and the metrics that the condition names', () => {
    expect(judge(requests(80, 4), 'latency.p99 > champion.latency.p99 * 2')!.worse).toBe(true)
    expect(judge(requests(80, 2), 'quality.roc_auc < champion.quality.roc_auc - 0.02')!.worse).toBe(true)
    expect(judge(requests(80, 4), 'quality.roc_auc < champion.quality.roc_auc - 0.02')!.worse).toBe(false)
    expect(judge(requests(80, 4), 'labels < 100')!.worse).toBe(true)
  })
})

describe('the hold of a step', () => {
  const entry = (state: 'staging' | 'canary', eventTime: number | null, share: number) => ({
    ...{ at: 0, state, eventTime, share, note: '', by: null, evidence: null },
  })
  const rollout = (began: number | null, history: Rollout['history']): Rollout => ({
    ...{ id: 'r', endpoint: 'e', project: 'p', model: 'm', version: 2, from: 1, state: 'canary', strategy: 'canary' },
    ...{ experiment: null, waits: false, paused: null, pausedMs: 0 },
    steps: [{ kind: 'canary', share: 0.1, hold: { eventMs: 2 * HOUR, clockMs: 0, requests: 0 } }],
    began: { at: 0, eventTime: began, requests: null },
    ...{ step: 0, share: 0.1, history, createdAt: 0, finishedAt: null },
  })

  it('ends after its time, step by step, and begins with the first request', () => {
    const first = rollout(null, [entry('staging', null, 0), entry('canary', null, 0.1)])
    expect([holdEnds(first), liveSince(first)]).toEqual([undefined, undefined])
    const second = rollout(7 * HOUR, [
      entry('staging', null, 0),
      entry('canary', 5 * HOUR, 0.1),
      entry('canary', 7 * HOUR, 0.5),
    ])
    expect([holdEnds(second), liveSince(second)]).toEqual([9 * HOUR, 5 * HOUR])
  })
})
