import { describe, expect, it } from 'vitest'
import { DEFAULT_GATES } from '../spec/conditions.ts'
import { compileCondition } from './compile.ts'
import { ConditionInvalid } from './errors.ts'
import type { ConditionKind } from './vocabulary.ts'

function refusal(text: string, kind: ConditionKind): string {
  try {
    compileCondition(text, kind)
  } catch (error) {
    if (error instanceof ConditionInvalid) return `${error.offset}: ${error.message}. ${error.hint}`
    throw error
  }
  return 'accepted'
}

describe('compileCondition', () => {
  it.each<[ConditionKind, string]>([
    ...DEFAULT_GATES.map((gate): [ConditionKind, string] => ['gate', gate]),
    ['gate', 'metrics.roc_auc.lower95 >= champion.metrics.roc_auc - 0.005'],
    ['gate', 'segments("day_of_week").all(s, s.metrics.roc_auc >= champion.segment(s).roc_auc - 0.05)'],
    ['gate', 'segments.filter(s, s.rows >= 100).size() == 0 || fairness.disparate_impact >= 0.8'],
    ['gate', 'metrics.mae <= 50 && max(metrics.mae, 1) < 1.1 * champion.metrics.mae'],
    ['gate', 'champion.version > 3 ? improvement > 0.01 : true'],
    ['rollback', 'errors.rate > 0.001 || quality.roc_auc < champion.quality.roc_auc - 0.02'],
    ['rollback', 'labels >= 100 && improvement.upper95 < 0'],
    ['drift', 'psi > 0.2 && cost.estimated > 0.01'],
    ['quality', 'roc_auc.upper95 < baseline.roc_auc - 0.02'],
    ['fairness', 'disparate_impact.upper95 < 0.8'],
    ['trigger', 'alert.drift || version.age > duration("42d")'],
  ])('%s: %s', (kind, text) => expect(compileCondition(text, kind)).toMatchObject({ text, kind }))

  it('says whose segments it looks at', () => {
    const text = 'segments("region").all(s, s.f1 > 0.5) && segments("age").exists(s, s.f1 > 0.9)'
    expect(compileCondition(text, 'gate').segmentColumns).toEqual(['region', 'age'])
  })

  it.each<[ConditionKind, string, string]>([
    ['gate', 'metric.f1 > 0.5', '0: unknown variable "metric". Did you mean "metrics"?'],
    ['gate', '1 < 2 && metrics.f1_score > 0.5', '17: unknown name "f1_score". Did you mean "f1"?'],
    ['gate', 'metrics.roc_auc.lower > 0.5', '16: unknown name "lower". Did you mean "lower95"?'],
    ['gate', 'latency.p98 < 5', '8: unknown name "p98". Did you mean "p95"?'],
    ['gate', 'segments("a").all(s, z.rows > 1)', '21: unknown variable "z". Did you mean "s"?'],
    ['gate', 'segments("a").all(s, s.row > 1)', '23: unknown name "row". Did you mean "rows"?'],
    [
      'gate',
      'segments("a").any(s, s.rows > 1)',
      '14: unknown method "any". Known here: all, exists, filter, size, share, segment.',
    ],
    ['gate', 'segments("a").all(s)', '14: "all" is not used like this. Write segments.all(s, condition on s).'],
    [
      'gate',
      'segments(metrics).all(s, true)',
      '0: segments takes the name of a column. Write segments("column"), or segments for all.',
    ],
    ['trigger', 'segments("a").all(s, true)', '0: a trigger condition knows no segments. Use segments in gates.'],
    [
      'rollback',
      'metrics.f1 > 0.5',
      '0: unknown variable "metrics". Known here: errors, latency, quality, improvement, answers, value, labels, champion.',
    ],
    ['trigger', 'alert.drifted', '6: unknown name "drifted". Did you mean "drift"?'],
    [
      'trigger',
      'version.age > "42d"',
      '0: number > text does not work. Compare and calculate numbers with numbers, text with text.',
    ],
    [
      'trigger',
      'version.age > duration("42 days")',
      '23: "42 days" is no duration; write a number and a unit, such as 30s, 24h or 7d. Write duration("30s"), duration("7d").',
    ],
    [
      'trigger',
      'version.age > duration(42)',
      '14: duration takes one text in quotes. Write duration("30s"), duration("7d").',
    ],
    ['gate', 'metrics.f1', '0: the condition is neither true nor false. Compare the value, such as … > 0.1.'],
    [
      'gate',
      'metrics.f1 >= ',
      '14: unexpected token: EOF. Conditions are written in CEL; see the guide to the project file.',
    ],
    ['gate', 'metrics.f1 > 1/2', '13: whole numbers divide without a remainder in CEL. Write the result, such as 0.5.'],
    ['gate', '', '0: the condition is empty. Write a comparison.'],
  ])('%s: %j is refused', (kind, text, problem) => expect(refusal(text, kind)).toBe(problem))
})

describe('a condition is no program', () => {
  it.each([
    // Regular expressions can take exponential time.
    '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".matches("(a+)+$")',
    'metrics.constructor.constructor("return process")()',
    'constructor > 1',
    '__proto__ == 1',
    'metrics.__proto__ == 1',
    'metrics["constructor"] == 1',
    'toString == 1',
    'cel.bind(a, 1, a > 0)',
    'type(1) == int',
    'timestamp("2026-01-01T00:00:00Z") > timestamp("2025-01-01T00:00:00Z")',
    '{"a": 1} == {"a": 1}',
    'b"\\x00" == b"\\x00"',
    '[1, 2, 3].map(x, x * 2) == [2, 4, 6]',
    '[1, 2].all(x, [1, 2].all(y, x == y))',
    'segments.all(s, segments.all(t, s.rows == t.rows))',
    'segments.all(s, segments.filter(t, true).size() > 0)',
    'process.exit()',
    'globalThis == 1',
    'metrics.f1 > 0.5; metrics.f1 > 0.5',
  ])('%s is refused', (text) => expect(() => compileCondition(text, 'gate')).toThrow(ConditionInvalid))

  it.each([
    ['a megabyte', 'x'.repeat(1_000_000)],
    ['a megabyte of conjunctions', 'true && '.repeat(125_000)],
    ['two thousand nots', `${'!'.repeat(1_995)}true`],
    ['a thousand brackets', `${'('.repeat(998)}true${')'.repeat(998)}`],
    ['a thousand terms', `${'1+'.repeat(990)}1 > 0`],
    ['a list of everything', `1 in [${'1,'.repeat(980)}1]`],
  ])('%s is refused in a moment', (_, text) => {
    const started = performance.now()
    expect(() => compileCondition(text, 'gate')).toThrow(ConditionInvalid)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
