import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import type { Trace } from '#governance/contract'
import { renderTrace } from './trace-tree.ts'

const version = (number: number, weight: number): Trace['versions'][number] => ({
  model: 'price-up',
  version: number,
  weight,
  package: {
    format: 'onnx',
    hash: 'sha256:5b1e9c0011223344',
    size: 173_000,
    parity: { maxAbsDifference: 1e-7, maxScaledDifference: 1e-7, rows: 10 },
  },
  certification: { by: 'qa', at: Date.UTC(2026, 10, 3, 14, 2), automatic: true, note: '' },
  gates: [
    { condition: 'a', passed: true, explanation: '' },
    { condition: 'b', passed: false, explanation: '' },
  ],
  promotedAt: null,
  rollout: null,
  run: { id: 'r', name: 'misty-fern', params: { learner: 'boosted_trees', seed: '42' }, metrics: {}, seconds: 41 },
  pipelineRun: { id: 'p', name: 'misty-fern' },
  environment: { node: '24.1.0' },
  code: { commit: '9f3c2e1aaaaaaa', dirty: false, contentHash: 'sha256:77ac000000' },
  data: {
    id: 'd',
    dataset: 'market',
    number: 3,
    rows: 17_424,
    contentHash: 'sha256:c81f000000',
    until: Date.UTC(1997, 10, 2),
    tables: [{ id: '01R', dataset: 'regions', number: 2 }],
    source: 'market.csv',
  },
  cause: { kind: 'alert', by: 'drift-31', reason: 'drift' },
  alert: {
    id: 'drift-31',
    title: 'vicprice came alive',
    features: [{ feature: 'vicprice', psi: 0.41, noise: 0.01, change: 'came alive', cost: 0.02 }],
  },
})

const trace: Trace = {
  prediction: {
    id: '01JD',
    endpoint: 'price-up',
    model: 'price-up',
    version: 7,
    route: 'stable',
    eventTime: Date.UTC(1997, 10, 4, 16, 30),
    receivedAt: 0,
    latencyMs: 1,
    inputs: {},
    value: 0.71,
    label: 'up',
    scores: {},
    weights: { 7: 0.75, 6: 0.25 },
    groundTruth: { label: 'up', eventTime: null, receivedAt: 0 },
  },
  versions: [version(7, 0.75), version(6, 0.25)],
  picture: null,
  explanation: {
    method: 'by hand',
    contributions: [
      { feature: 'nswprice', value: '0.074', contribution: 0.19 },
      { feature: 'vicprice', value: 'missing', contribution: -0.03 },
    ],
  },
}

it('draws the answer, the versions that made it with their parts, and where each came from', () => {
  const lines = stripVTControlCharacters(renderTrace(trace, 'http://here')).split('\n')
  expect(lines[0]).toBe('prediction 01JD   1997-11-04 16:30   price-up   0.71 → up   truth: up')
  expect(lines[1]).toMatch(
    /^├ price-up v7 +75 % of the answer {3}onnx sha256:5b1e9c00… 173 kB {3}certified by qa \(automatic\), /,
  )
  expect(lines[2]).toMatch(/^│ ├ run misty-fern +boosted_trees · node 24\.1\.0 · seed 42 · 41\.0 s$/)
  expect(lines[3]).toMatch(/^│ ├ code 9f3c2e1 +clean · sha256:77ac0000…$/)
  expect(lines[4]).toMatch(
    /^│ ├ data market@1997-11-02 +v3 · 17,424 rows · sha256:c81f0000… · from market\.csv · made with regions@2$/,
  )
  expect(lines[5]).toMatch(/^│ ├ gates +1 of 2 passed$/)
  expect(lines[6]).toMatch(/^│ └ because +vicprice came alive · vicprice: came alive \(PSI 0\.41\)$/)
  expect(lines[7]).toMatch(/^└ price-up v6 +25 % of the answer/)
  expect(lines[12]).toMatch(/^ {2}└ because/)
  expect(lines[13]).toBe('Why 0.71?  nswprice (0.074) +0.19 · vicprice (missing) −0.030')
  expect(lines.at(-1)).toBe('http://here/trace/01JD')
})

it('says what is not known yet', () => {
  const { certification: _, ...rest } = version(7, 1)
  const young: Trace = {
    ...trace,
    prediction: { ...trace.prediction, groundTruth: null, route: 'canary' },
    versions: [{ ...rest, certification: null }],
    explanation: null,
  }
  const text = stripVTControlCharacters(renderTrace(young, 'http://here'))
  expect(text).toContain('truth not known yet   answered by the canary')
  expect(text).toContain('not certified')
  expect(text).not.toContain('of the answer')
})
