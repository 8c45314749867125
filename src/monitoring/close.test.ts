import { describe, expect, it } from 'vitest'
import { baselineOf, estimateMetrics, lossProfile, rowLosses } from '#evaluation'
import { parseProject } from '#projects'
import type { Signature } from '#registry/contract'
import { type Closing, closePeriod } from './close.ts'
import { frameOf } from './frame.ts'
import { planOf } from './plan.ts'
import { RecentRows, type ServedRow } from './recent-rows.ts'
import type { ChampionFacts } from './versions.ts'

const DAY = 86_400_000
const PER_DAY = 40

const plan = (data: string, more = '') =>
  planOf(
    parseProject(
      `project: p\ndata: { d: { source: d.csv, label: y, label_arrives_after: 2d, ${data} } }\ndeploy: { e: {} }\n${more}`,
    ).spec,
    'e',
  )!

/** `days` days of answers, the truth of all of them known. */
function answers(days: number, answer: (i: number) => Partial<ServedRow>): RecentRows {
  const rows = new RecentRows()
  for (let i = 0; i < days * PER_DAY; i++)
    rows.add({
      ...{ seq: i + 1, id: `p${i}`, version: 3, route: 'stable', eventTime: (i * DAY) / PER_DAY, latencyMs: 1 },
      ...{ inputs: {}, value: 0, probabilities: null, scores: {}, truth: null },
      ...answer(i),
    })
  return rows
}

function championOf(signature: Signature, over: Partial<ChampionFacts> = {}): ChampionFacts {
  return {
    ...{ version: 3, signature, promisedLoss: 1, metrics: {}, trainedUntil: -5 * DAY },
    ...{ baseline: undefined, profile: undefined, ...over },
  }
}

const close = (rows: RecentRows, champion: ChampionFacts, over: Partial<Closing> & Pick<Closing, 'plan'>) =>
  closePeriod({
    ...{ endpoint: 'e', project: 'p', through: 10 * DAY, before: undefined, champion, reference: null, members: [] },
    ...{ rows, late: [], predictions: PER_DAY, seq: 400, joined: 400 },
    ...over,
  })

describe('the end of a period', () => {
  const regression: Signature = { task: 'regression', features: [], classes: [], label: 'y' }

  it('measures a regression on the labels that are due, and holds the champion to its own error', () => {
    // The served answer is off by 2, the champion alone by 1.5, the first version by 4.
    const rows = answers(10, (i) => ({ value: i + 2, scores: { 3: i + 1.5, 1: i + 4 }, truth: String(i) }))
    const { point, state, observed, age } = close(rows, championOf(regression), {
      plan: plan('task: regression'),
      reference: 1,
    })
    expect(point.metric).toBe('mae')
    expect(point.window).toMatchObject({ value: 2, reference: 4, n: 7 * PER_DAY, through: 8 * DAY })
    expect(point.loss).toEqual({ realised: 1.5, promised: 1 })
    expect(point.labelled).toBe(8 * PER_DAY)
    expect(point.estimated).toBeNull()
    expect(point.decay!.statistic).toBeCloseTo(Math.log(1.5) - 0.1, 10)
    expect(age).toBe(15 * DAY)
    expect(state).toMatchObject({ champion: 3, newLabels: 8 * PER_DAY, through: 10 * DAY })
    expect(observed.findings).toEqual([])
  })

  it('counts a label once: only those that became due since the last period, and late ones', () => {
    const rows = answers(10, (i) => ({ scores: { 3: i }, value: i, truth: String(i) }))
    const options = { plan: plan('task: regression') }
    const first = close(rows, championOf(regression), { ...options, through: 9 * DAY })
    const second = close(rows, championOf(regression), { ...options, before: first.state })
    expect(first.point.labelled + second.point.labelled).toBe(8 * PER_DAY)
    expect(second.point.labelled).toBe(PER_DAY)
    const late = rows.between(0, DAY / 2)
    const third = close(rows, championOf(regression), { ...options, before: first.state, late })
    expect(third.point.labelled).toBe(PER_DAY + late.length)
    expect(third.state.newLabels).toBe(first.state.newLabels + PER_DAY + late.length)
  })

  it('starts decay and the count of new labels again with a new champion', () => {
    const rows = answers(10, (i) => ({ scores: { 3: i + 1.5, 4: i }, value: i, truth: String(i) }))
    const options = { plan: plan('task: regression') }
    const before = close(rows, championOf(regression), { ...options, through: 9 * DAY }).state
    const fresh = championOf(regression, { version: 4, trainedUntil: 6 * DAY })
    const { point, state } = close(rows, fresh, { ...options, before })
    expect(point.decay!.statistic).toBe(0)
    expect(state.newLabels).toBe(2 * PER_DAY - 1)
  })

  it('measures a multiclass model by what it served, and claims to know nothing of versions alone', () => {
    const multiclass: Signature = { task: 'multiclass', features: [], classes: ['a', 'b', 'c'], label: 'y' }
    const rows = answers(10, (i) => ({
      truth: 'abc'[i % 3]!,
      value: 0.6,
      scores: { 3: 0.6, 1: 0.2 },
      probabilities: i % 5 === 0 ? { a: 0.2, b: 0.2, c: 0.6 } : { a: 0.2, b: 0.2, c: 0.2, ['abc'[i % 3]!]: 0.6 },
    }))
    const { point } = close(rows, championOf(multiclass), {
      plan: plan('task: multiclass', 'pipeline: { train: { with: { maximize: accuracy } } }'),
      reference: 1,
    })
    expect(point.metric).toBe('accuracy')
    expect(point.window!.value).toBeGreaterThan(0.8)
    expect(point.window!.value).toBeLessThan(1)
    expect(point.window!.reference).toBeNull()
    expect(point.loss!.realised).toBeGreaterThan(0.5)
  })

  const binary: Signature = {
    ...{ task: 'binary', classes: ['no', 'yes'], label: 'y' },
    features: [
      { name: 'x', kind: 'numeric' },
      { name: 'group', kind: 'categorical' },
    ],
  }
  const people = (i: number) => ({
    inputs: { x: (i * 37) % 100, group: i % 2 === 0 ? 'old' : 'young', secret: i },
    truth: (i * 37) % 100 > 50 ? 'yes' : 'no',
  })

  it('compares the decisions for groups by a column that is no feature, and names who is selected less', () => {
    const rows = answers(10, (i) => {
      const person = people(i)
      const value = person.inputs.group === 'old' && i % 3 !== 0 ? 0.2 : person.truth === 'yes' ? 0.8 : 0.2
      return { ...person, value, scores: { 3: value } }
    })
    const { point, observed } = close(rows, championOf(binary), {
      plan: plan('task: binary', 'monitor: { fairness: { by: [group], window: 7d } }'),
    })
    expect(point.fairness.group).toBeLessThan(0.5)
    expect(observed.findings.map(({ kind }) => kind)).toEqual(['fairness'])
    expect(observed.findings[0]!.headline).toMatch(/^group "old" is selected 0\.\d+ times as often as "young"$/)
    // A column that no request carries cannot be looked at, and that is no alarm.
    const blind = close(rows, championOf(binary), {
      plan: plan('task: binary', 'monitor: { fairness: { by: [income] } }'),
    })
    expect(blind.point.fairness).toEqual({})
    expect(blind.observed.findings).toEqual([])
  })

  it('prices a drift by where held-back rows were lost, leaves redacted columns alone, and shouts only at a cost', () => {
    const held = answers(20, people).between(0, 20 * DAY)
    const frame = frameOf(held, binary.features)
    const baseline = baselineOf(frame)
    const truth = Float64Array.from(held, (row) => (row.truth === 'yes' ? 1 : 0))
    const sure = Float64Array.from(held, (row) => (Number(row.inputs.x) > 80 ? 0.5 : row.truth === 'yes' ? 0.95 : 0.05))
    const champion = championOf(binary, {
      baseline,
      profile: lossProfile(frame, rowLosses('binary', truth, sure), baseline),
    })
    const moved = (to: number) =>
      answers(10, (i) => ({ inputs: { x: to + ((i * 37) % 20), group: i % 2 === 0 ? 'old' : 'young' }, value: 0.5 }))

    const dear = close(moved(80), champion, { plan: plan('task: binary') })
    expect(dear.point.drift!.features[0]).toMatchObject({ feature: 'x' })
    expect(dear.observed.findings.map(({ kind }) => kind)).toEqual(['drift'])
    expect(dear.observed.features.map(({ feature }) => feature)).toEqual(['x'])
    expect(dear.observed.estimatedCost).toBeGreaterThan(0.2)

    const cheap = close(moved(20), champion, { plan: plan('task: binary') })
    expect(cheap.point.drift!.features[0]!.psi).toBeGreaterThan(1)
    expect(cheap.observed.findings).toEqual([])

    const hidden = close(moved(80), champion, {
      plan: { ...plan('task: binary'), redacted: ['x'] },
    })
    expect(hidden.point.drift!.features.map(({ feature }) => feature)).toEqual(['group'])
  })

  it('compares the metric with the release, where both are known, and only then', () => {
    const rows = answers(10, (i) => {
      const person = people(i)
      const value = i % 3 === 0 ? 0.5 + ((i % 7) - 3) / 100 : person.truth === 'yes' ? 0.8 : 0.2
      return { ...person, value, scores: { 3: value } }
    })
    const all = rows.between(0, 8 * DAY)
    const truth = Float64Array.from(all, (row) => (row.truth === 'yes' ? 1 : 0))
    const now = estimateMetrics(
      'binary',
      truth,
      Float64Array.from(all, ({ value }) => value),
    ).roc_auc!
    const better = { value: 0.999, lower95: 0.998, upper95: 1 }
    const worse = championOf(binary, { promisedLoss: 10, metrics: { roc_auc: better } })
    expect(now.upper95).toBeLessThan(0.97)
    const { observed } = close(rows, worse, { plan: plan('task: binary') })
    expect(observed.findings.map(({ kind }) => kind)).toEqual(['quality'])
    expect(observed.measuredCost).toBeGreaterThan(0.03)
    const same = close(rows, championOf(binary, { promisedLoss: 10, metrics: { roc_auc: now } }), {
      plan: plan('task: binary'),
    })
    expect(same.observed.findings).toEqual([])
    const unknown = close(rows, championOf(binary, { promisedLoss: 10 }), { plan: plan('task: binary') })
    expect(unknown.observed).toMatchObject({ findings: [], measuredCost: null })
  })
})
