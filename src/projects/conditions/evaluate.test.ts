import { describe, expect, it } from 'vitest'
import { compileCondition } from './compile.ts'
import type { GateContext, KindContexts } from './contexts.ts'
import { evaluateCondition } from './evaluate.ts'
import type { ConditionKind } from './vocabulary.ts'

const DAY = 86_400_000

const candidate: GateContext = {
  metrics: { roc_auc: { value: 0.8611, lower95: 0.8502, upper95: 0.872 }, f1: 0.7 },
  champion: {
    version: 7,
    metrics: { roc_auc: 0.858 },
    segments: [
      { column: 'day', value: '1', metrics: { roc_auc: 0.9 } },
      { column: 'day', value: '2', metrics: { roc_auc: 0.8 } },
    ],
  },
  improvement: { value: 0.0031, standard_error: 0.004, upper95: 0.011, relative: 0.0036 },
  segments: [
    {
      column: 'day',
      value: '1',
      rows: 60,
      metrics: { roc_auc: 0.7 },
      improvement: { value: -0.2, standard_error: 0.01 },
    },
    {
      column: 'day',
      value: '2',
      rows: 50,
      metrics: { roc_auc: 0.81 },
      improvement: { value: 0.01, standard_error: 0.01 },
    },
    { column: 'hour', value: '0', rows: 3, metrics: {} },
  ],
  parity: { max_scaled_difference: 3.5e-7 },
  latency: { p99: 4.25 },
}
const { champion: _, improvement: __, ...measured } = candidate
const firstCandidate: GateContext = {
  ...measured,
  segments: candidate.segments?.map(({ improvement: _, ...segment }) => segment),
}

function verdict<Kind extends ConditionKind>(kind: Kind, text: string, context: KindContexts[Kind]) {
  const { passed, known, explanation } = evaluateCondition(compileCondition(text, kind), context)
  return { passed, known, explanation }
}
const gate = (text: string, context: GateContext = candidate) => verdict('gate', text, context)

describe('a gate', () => {
  it('shows the values behind its verdict', () => {
    expect(gate('metrics.roc_auc.lower95 >= champion.metrics.roc_auc.value - 0.005')).toEqual({
      passed: false,
      known: true,
      explanation: 'metrics.roc_auc.lower95 = 0.8502, champion.metrics.roc_auc.value = 0.858',
    })
    expect(gate('latency.p99 <= duration("5ms") && parity.max_scaled_difference <= 0.0001')).toEqual({
      passed: true,
      known: true,
      explanation: 'latency.p99 = 4.25ms, parity.max_scaled_difference = 3.5e-7',
    })
  })

  it('takes an estimate for its value wherever a number is wanted', () => {
    expect(gate('metrics.roc_auc >= 0.8611').passed).toBe(true)
    expect(gate('metrics.roc_auc > 0.8611').passed).toBe(false)
    expect(gate('0 < metrics.f1 && metrics.f1 == 0.7 && metrics.f1 * 2 == 1.4 && 1 - metrics.f1 < 0.31').passed).toBe(
      true,
    )
    expect(gate('metrics.roc_auc - champion.metrics.roc_auc > 0').passed).toBe(true)
    expect(
      gate('-metrics.f1 < 0 && abs(-metrics.f1) == 0.7 && min(metrics.f1, 1) == 0.7 && max(1, metrics.f1) == 1').passed,
    ).toBe(true)
    expect(gate('metrics.roc_auc >= 1').passed).toBe(false)
  })

  it('takes the standard error from the interval where only that is given', () => {
    expect(
      gate('metrics.roc_auc.standard_error == 0.5', {
        metrics: { roc_auc: { value: 1, lower95: 0, upper95: 1.959963984540054 } },
      }).passed,
    ).toBe(true)
    expect(
      gate('improvement.standard_error > 0', { champion: {}, improvement: { value: 1, lower95: null, upper95: 2 } })
        .known,
    ).toBe(false)
  })

  it('names the segments that fail it', () => {
    expect(gate('segments("day").all(s, s.metrics.roc_auc >= champion.segment(s).roc_auc - 0.05)')).toEqual({
      passed: false,
      known: true,
      explanation:
        '1 of 2 segments fail, s.metrics.roc_auc.value = 0.7 (day = 1), champion.segment(s).roc_auc.value = 0.9 (day = 1)',
    })
  })

  it('leaves out a segment that has no value, and says so', () => {
    expect(gate('segments.all(s, s.roc_auc >= 0.7)')).toEqual({
      passed: true,
      known: true,
      explanation: '0 of 3 segments fail, 1 without a value are left out',
    })
  })

  it('can ask for one segment, or count some', () => {
    expect(gate('segments.exists(s, s.roc_auc > 0.8)').explanation).toBe(
      '1 of 3 segments hold, 1 without a value are left out, s.roc_auc.value = 0.81 (day = 2)',
    )
    expect(gate('segments.exists(s, s.roc_auc > 0.9)').passed).toBe(false)
    expect(gate('segments.filter(s, s.rows < 10).size() <= 1')).toMatchObject({ passed: true, known: true })
    expect(gate('segments.filter(s, s.rows > 55).all(s, s.roc_auc > 0.7)').explanation).toBe(
      '1 of 1 segments fail, s.roc_auc.value = 0.7 (day = 1)',
    )
  })

  it('shows three failing segments and counts the rest', () => {
    const segments = Array.from({ length: 2_000 }, (_, i) => ({ column: 'c', value: String(i), metrics: { f1: 0.1 } }))
    const started = performance.now()
    const { explanation } = gate('segments.all(s, s.f1 > 0.5 && s.f1 > 0.4)', { segments })
    expect(explanation).toContain('2000 of 2000 segments fail')
    expect(explanation.match(/c = /g)).toHaveLength(3)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('about segments passes where none were asked for, and fails where those asked for are not there', () => {
    expect(gate('segments.all(s, s.f1 > 0.5)', {})).toEqual({
      passed: true,
      known: true,
      explanation: 'there are no segments',
    })
    expect(gate('segments("region").all(s, s.f1 > 0.5)')).toEqual({
      passed: false,
      known: false,
      explanation: 'no segments of "region" were evaluated',
    })
  })

  describe('while there is no champion', () => {
    it.each([
      'metrics.roc_auc >= champion.metrics.roc_auc',
      'improvement.value >= -improvement.standard_error',
      '!(improvement < 0)',
      'segments("day").all(s, s.improvement.value >= -3 * s.improvement.standard_error)',
      'segments("day").all(s, s.roc_auc >= champion.segment(s).roc_auc)',
      'metrics.f1 > 0.5 && metrics.f1 > champion.metrics.f1',
    ])('%s passes and says why', (text) => {
      const { passed, known, explanation } = gate(text, firstCandidate)
      expect({ passed, known }).toEqual({ passed: true, known: false })
      expect(explanation).toMatch(/^there is no champion yet to compare with/)
    })

    it('still fails what has nothing to do with a champion', () => {
      expect(gate('metrics.f1 > 0.8 && metrics.f1 > champion.metrics.f1', firstCandidate)).toMatchObject({
        passed: false,
        known: true,
      })
      expect(gate('metrics.mae < 5 && metrics.f1 > champion.metrics.f1', firstCandidate)).toMatchObject({
        passed: false,
        known: false,
        explanation: expect.stringContaining('metrics.mae is not known'),
      })
    })
  })

  it('fails for want of any other value', () => {
    expect(gate('robustness.flips_under_noise <= 0.02')).toEqual({
      passed: false,
      known: false,
      explanation: 'robustness.flips_under_noise is not known',
    })
    expect(gate('metrics.mae < 5').explanation).toBe('metrics.mae is not known')
    expect(gate('improvement.lower95 > 0').explanation).toBe('improvement.lower95 is not known')
    expect(gate('metrics.f1 > 0.5', { metrics: { f1: Number.NaN } }).explanation).toBe('metrics.f1 is not known')
    expect(gate('metrics.f1 > 0.5', { metrics: { f1: null } }).explanation).toBe('metrics.f1 is not known')
    expect(gate('metrics.f1 > 0.5', { metrics: { f1: { value: null } } }).explanation).toBe('metrics.f1 is not known')
  })

  it('is decided by what is known where that is enough', () => {
    expect(gate('metrics.mae < 5 || metrics.f1 > 0.5')).toMatchObject({ passed: true, known: true })
    expect(gate('metrics.mae < 5 && metrics.f1 > 0.8')).toMatchObject({ passed: false, known: true })
    expect(gate('champion.version > 5 ? metrics.f1 > 0.5 : metrics.mae < 5')).toMatchObject({
      passed: true,
      known: true,
    })
  })

  it('never takes a division by zero for an answer', () => {
    expect(gate('metrics.f1 / 0 > 5')).toMatchObject({ passed: true, explanation: 'metrics.f1.value = 0.7' })
    expect(gate('0.0 / 0.0 > 1 || 0.0 / 0.0 <= 1')).toMatchObject({ passed: false })
  })
})

describe('a condition that acts holds only when it is known to', () => {
  it.each<[ConditionKind, string, object, boolean, string]>([
    [
      'rollback',
      'errors.rate > 0.01 || improvement.upper95 < 0',
      { errors: { rate: 0 } },
      false,
      'improvement.upper95 is not known, errors.rate = 0',
    ],
    ['rollback', 'errors.rate > 0.01 || improvement.upper95 < 0', { errors: { rate: 0.5 } }, true, 'errors.rate = 0.5'],
    [
      'rollback',
      'quality.roc_auc < champion.quality.roc_auc - 0.02',
      { quality: { roc_auc: 0.5 } },
      false,
      'champion.quality.roc_auc is not known, quality.roc_auc.value = 0.5',
    ],
    [
      'drift',
      'psi > 0.2 && cost.estimated > 0.01',
      { psi: 0.41, cost: { estimated: 0.03 } },
      true,
      'psi = 0.41, cost.estimated = 0.03',
    ],
    [
      'drift',
      'psi > 0.2 && cost.estimated > 0.01',
      { psi: 0.41, cost: { estimated: null } },
      false,
      'cost.estimated is not known, psi = 0.41',
    ],
    [
      'quality',
      'roc_auc.upper95 < baseline.roc_auc - 0.02',
      { roc_auc: { value: 0.7, upper95: 0.74 }, baseline: { roc_auc: 0.8 } },
      true,
      'roc_auc.upper95 = 0.74, baseline.roc_auc.value = 0.8',
    ],
    [
      'fairness',
      'disparate_impact.upper95 < 0.8',
      { disparate_impact: { value: 0.7, upper95: 0.78 } },
      true,
      'disparate_impact.upper95 = 0.78',
    ],
    [
      'trigger',
      'alert.drift || version.age > duration("42d")',
      { alert: { drift: false }, version: { age: 43.25 * DAY } },
      true,
      'alert.drift = false, version.age = 43.25d',
    ],
    ['trigger', '!alert.drift', {}, false, 'alert.drift is not known'],
  ])('%s: %s', (kind, text, context, passed, explanation) => {
    expect(verdict(kind, text, context as KindContexts[typeof kind])).toMatchObject({ passed, explanation })
  })
})
