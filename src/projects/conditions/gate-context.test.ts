import { describe, expect, it } from 'vitest'
import { buildReport, compareWithChampion } from '#evaluation'
import { DEFAULT_GATES } from '../spec/conditions.ts'
import { compileCondition } from './compile.ts'
import { evaluateCondition } from './evaluate.ts'
import { gateContext } from './gate-context.ts'

/** 600 rows in two groups; `skill` is how well scores follow the truth in each. */
function scored(skill: [number, number]) {
  const truth = new Float64Array(600)
  const scores = new Float64Array(600)
  const group = new Int32Array(600)
  let state = 7
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  for (let i = 0; i < 600; i++) {
    group[i] = i % 2
    truth[i] = random() < 0.4 ? 1 : 0
    scores[i] = Math.min(1, Math.max(0, 0.5 + (truth[i]! - 0.5) * skill[group[i]!]! + (random() - 0.5) * 0.8))
  }
  const frame = {
    rows: 600,
    columns: [{ name: 'group', kind: 'categorical' as const, codes: group, categories: ['a', 'b'] }],
  }
  return { truth, scores, frame }
}

async function evidence(candidate: [number, number], champion?: [number, number]) {
  const { truth, scores, frame } = scored(candidate)
  const segments = ['group']
  const report = await buildReport({ task: 'binary', truth, scores, frame, segments, sensitive: ['group'] })
  const parity = { maxAbsDifference: 3e-7, rows: 600 }
  if (!champion) return gateContext({ report, parity })
  const comparison = compareWithChampion({
    task: 'binary',
    truth,
    candidate: scores,
    champion: scored(champion).scores,
    frame,
    segments,
  })
  return gateContext({ report, champion: { version: 3, comparison }, parity })
}

const gate = (text: string, context: Awaited<ReturnType<typeof evidence>>) =>
  evaluateCondition(compileCondition(text, 'gate'), context)

const [NOT_WORSE, NO_COLLAPSE, , PARITY] = DEFAULT_GATES as [string, string, string, string]

describe('gateContext', () => {
  it('lets a first candidate pass the gates about the champion', async () => {
    const context = await evidence([0.3, 0.3])
    expect(gate(NOT_WORSE, context)).toMatchObject({ passed: true, known: false })
    expect(gate(NO_COLLAPSE, context)).toMatchObject({ passed: true, known: false })
    expect(gate(PARITY, context)).toMatchObject({ passed: true, known: true })
    expect(gate('metrics.roc_auc.lower95 > 0.6 && metrics.roc_auc.standard_error < 0.05', context).passed).toBe(true)
  })

  it('passes a better candidate and stops a worse one', async () => {
    expect(gate(NOT_WORSE, await evidence([0.5, 0.5], [0.2, 0.2]))).toMatchObject({ passed: true, known: true })
    expect(gate(NOT_WORSE, await evidence([0.2, 0.2], [0.5, 0.5]))).toMatchObject({ passed: false, known: true })
  })

  it('stops a candidate that is better on the whole and collapses in one segment', async () => {
    const context = await evidence([0.9, 0.05], [0.35, 0.45])
    const verdict = gate(NO_COLLAPSE, context)
    expect(verdict).toMatchObject({ passed: false, known: true })
    expect(verdict.explanation).toMatch(/^1 of 2 segments fail, s\.improvement\.value = -0\.\d+ \(group = b\)/)
    expect(gate('segments("group").all(s, s.roc_auc >= champion.segment(s).roc_auc - 0.05)', context).passed).toBe(
      false,
    )
  })

  it('speaks of the group that is treated worst', async () => {
    const context = await evidence([0.9, 0.05])
    expect(gate('fairness.disparate_impact.value <= 1 && fairness.equal_opportunity > 0.1', context)).toMatchObject({
      passed: true,
      known: true,
    })
  })

  it('does not invent what was not measured', async () => {
    expect(gate('robustness.flips_under_noise <= 0.02', await evidence([0.3, 0.3]))).toMatchObject({
      passed: false,
      known: false,
      explanation: 'robustness.flips_under_noise is not known',
    })
  })
})
