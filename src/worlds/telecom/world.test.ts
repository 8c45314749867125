import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { baselineOf, distributionOf, populationStabilityIndex, rocAuc } from '#evaluation'
import { takeRows } from '#platform/table'
import { writeCsv } from '../csv.ts'
import { frameOf } from '../frame.ts'
import { replayPlan } from '../replay.ts'
import { type Cell, requestOf, rowMillis, type WorldRow } from '../world.ts'
import { campaign, offer, outcomeDays } from './schedule.ts'
import { type TelecomWorld, telecomWorld } from './world.ts'

const DAY = 86_400_000
const firstLiveDay = Date.UTC(2025, 0, 1)

let world: TelecomWorld
let days: number[]
beforeAll(() => {
  world = telecomWorld({ seed: 7 })
  days = world.rows.map((row) => (rowMillis(world, row) - firstLiveDay) / DAY)
})

const csv = (world: TelecomWorld) => [...writeCsv(world.columns, world.rows)].join('')
const churned = (row: WorldRow) => (row.churned === 'yes' ? 1 : 0)
const between = (from: number, to: number) => days.flatMap((day, i) => (day >= from && day < to ? [i] : []))
const rate = (rows: readonly number[]) => rows.reduce((sum, i) => sum + churned(world.rows[i]!), 0) / rows.length
const numbers = (column: string, rows: readonly number[]) =>
  rows.flatMap((i) => (typeof world.rows[i]![column] === 'number' ? [world.rows[i]![column]] : []))

const calm = () => between(0, campaign.from)
const history = () => between(-400, 0)
const inCampaign = () => between(campaign.full, campaign.until)
const underOffer = () => between(offer.full, 366)

describe('the same options give the same world', () => {
  // Whoever changes an equation changes every published figure: then this digest, the guide and its table move together.
  it('byte for byte for seed 7', () => {
    expect(createHash('sha256').update(csv(world)).digest('hex')).toBe(
      '916cdbd9c99944bfd1d04c39b0576dc66c553205631344aed55c85eb2ace1f53',
    )
    expect(csv(telecomWorld({ seed: 7 }))).toBe(csv(world))
  })

  it('and another seed gives another', () => {
    const other = telecomWorld({ seed: 8, historyRows: 100, liveRows: 100 })
    expect(csv(other)).not.toBe(csv(telecomWorld({ seed: 7, historyRows: 100, liveRows: 100 })))
  })
})

describe('the table', () => {
  it('has six months of history and a year of traffic in time order, in working hours', () => {
    expect(world.rows).toHaveLength(18_000)
    expect(world.history).toBe(6_000)
    expect(days.every((day, i) => i === 0 || day >= days[i - 1]!)).toBe(true)
    expect(
      days.map((day) => (day % 1) + (day < 0 ? 1 : 0)).every((part) => part >= 8 / 24 - 1e-9 && part <= 20 / 24),
    ).toBe(true)
    expect(days[0]!).toBeLessThan(-outcomeDays - 181)
    expect(days[world.history]!).toBeGreaterThan(0)
    expect(days.at(-1)!).toBeLessThan(365)
  })

  it('ends the history early enough that all of its labels are known on the first live day', () => {
    expect(days[world.history - 1]! + outcomeDays).toBeLessThanOrEqual(0)
  })

  it('names every customer once', () => {
    expect(new Set(world.rows.map((row) => row.customer_id)).size).toBe(world.rows.length)
    // Ids carry no order from which a model could read the time.
    const ids = world.rows.map((row) => Number(String(row.customer_id).slice(1)))
    const rising = ids.slice(1).filter((id, i) => id > ids[i]!).length / (ids.length - 1)
    expect(rising).toBeGreaterThan(0.3)
    expect(rising).toBeLessThan(0.7)
  })

  it('holds exactly the columns it declares, and the truth is none of them', () => {
    const columns = world.columns.join()
    expect(world.rows.every((row) => Object.keys(row).join() === columns)).toBe(true)
    expect(world.columns).not.toContain('truth')
    // No column alone orders the customers nearly as the truth does (its AUC is 0.84).
    for (const column of world.features) {
      const auc = separation(history().map((i) => [world.rows[i]![column] ?? null, churned(world.rows[i]!)]))
      expect(auc, column).toBeGreaterThanOrEqual(0.5)
      expect(auc, column).toBeLessThan(0.72)
    }
  })

  it('asks for predictions without id, time or label', () => {
    const request = requestOf(world, world.rows[world.history]!)
    expect(Object.keys(request)).toEqual(world.features)
    expect(world.features).toEqual(world.columns.filter((c) => !['customer_id', 'event_time', 'churned'].includes(c)))
  })

  it('misses cells as company systems do', () => {
    const missing = (column: string) => world.rows.filter((row) => row[column] === null).length / world.rows.length
    expect(missing('survey_score')).toBeGreaterThan(0.4)
    expect(missing('payment_method')).toBeCloseTo(0.02, 2)
    expect(missing('data_gb')).toBeCloseTo(0.04, 2)
    const endless = (row: WorldRow) => row.contract === 'month-to-month'
    expect(world.rows.every((row) => (row.contract_months_left === null) === endless(row))).toBe(true)
    expect(world.rows.every((row) => (row.data_gb === null) === (row.data_gb_trend === null))).toBe(true)
  })

  it('is called simulated', () => {
    expect(world.simulated).toBe(true)
    expect(world.title).toMatch(/simulated/)
  })
})

describe('the truth', () => {
  it('is the rate of churn it says: about a fifth, in every tenth of the predicted risk', () => {
    expect(rate(history())).toBeGreaterThan(0.18)
    expect(rate(history())).toBeLessThan(0.22)
    const order = days.map((_, i) => i).sort((a, b) => world.truth[a]! - world.truth[b]!)
    for (let tenth = 0; tenth < 10; tenth++) {
      const rows = order.slice(tenth * 1_800, (tenth + 1) * 1_800)
      const said = rows.reduce((sum, i) => sum + world.truth[i]!, 0) / rows.length
      expect(Math.abs(rate(rows) - said)).toBeLessThan(4 * Math.sqrt((said * (1 - said)) / rows.length))
    }
  })

  it('bounds the AUC any model can reach', () => {
    const auc = rocAuc(Float64Array.from(world.rows, churned), world.truth)
    expect(auc).toBeGreaterThan(0.82)
    expect(auc).toBeLessThan(0.86)
  })
})

describe('what happens', () => {
  /** Kolmogorov–Smirnov distance over its 0.1 % critical value: above 1, the samples differ. */
  const moved = (column: string, from: readonly number[], to: readonly number[]) => {
    const [a, b] = [numbers(column, from), numbers(column, to)]
    return ksDistance(a, b) / (1.95 * Math.sqrt((a.length + b.length) / (a.length * b.length)))
  }
  const numeric = ['tenure_months', 'monthly_charge', 'data_gb', 'data_gb_trend', 'support_calls', 'late_payments']

  it('nothing before the campaign', () => {
    for (const column of numeric) expect(moved(column, history(), calm()), column).toBeLessThan(1)
  })

  it('the campaign moves tenure and price, and leaves service alone', () => {
    expect(moved('tenure_months', history(), inCampaign())).toBeGreaterThan(4)
    expect(moved('monthly_charge', history(), inCampaign())).toBeGreaterThan(4)
    expect(moved('support_calls', history(), inCampaign())).toBeLessThan(1)
    expect(moved('data_gb_trend', history(), inCampaign())).toBeLessThan(1)
    const onCampaign = (rows: readonly number[]) =>
      rows.filter((i) => world.rows[i]!.campaign_price === 'yes').length / rows.length
    expect(onCampaign(history())).toBeLessThan(0.1)
    expect(onCampaign(inCampaign())).toBeGreaterThan(0.5)
  })

  it('the campaign is beyond the usual alarm line of a PSI of 0.25', () => {
    const frameAt = (rows: readonly number[]) => takeRows(frameOf(world.rows, world.features), rows)
    const reference = baselineOf(frameAt(history()))
    const psi = (rows: readonly number[]) =>
      new Map(
        distributionOf(frameAt(rows), reference).features.map((feature, i) => [
          feature.name,
          populationStabilityIndex(reference.features[i]!.counts, feature.counts),
        ]),
      )
    const moved = [...psi(inCampaign())].filter(([, index]) => index > 0.25).map(([name]) => name)
    expect(moved).toEqual(['tenure_months', 'contract_months_left', 'campaign_price', 'monthly_charge'])
    for (const rows of [calm(), underOffer()]) {
      for (const [name, index] of psi(rows)) expect(index, name).toBeLessThan(0.025)
    }
  })

  it('the offer moves no column', () => {
    for (const column of numeric) expect(moved(column, history(), underOffer()), column).toBeLessThan(1)
  })

  it('the offer turns the meaning of a contract and of the price', () => {
    const gap = (rows: readonly number[], risky: (row: WorldRow) => boolean) => {
      const inside = rows.filter((i) => risky(world.rows[i]!))
      const outside = rows.filter((i) => !risky(world.rows[i]!))
      const [p, q] = [rate(inside), rate(outside)]
      const error = Math.sqrt((p * (1 - p)) / inside.length + (q * (1 - q)) / outside.length)
      return { difference: p - q, error }
    }
    const z = (risky: (row: WorldRow) => boolean) => {
      const [before, after] = [gap(history(), risky), gap(underOffer(), risky)]
      return (after.difference - before.difference) / Math.hypot(before.error, after.error)
    }
    expect(z((row) => row.contract === 'two-year')).toBeGreaterThan(5)
    expect(z((row) => Number(row.monthly_charge) > 60)).toBeGreaterThan(5)
    expect(z((row) => row.contract === 'month-to-month')).toBeLessThan(-5)
    expect(Math.abs(z((row) => Number(row.support_calls) >= 2))).toBeLessThan(3)
  })

  it('what was true before the offer ranks customers a tenth worse under it, and nowhere else', () => {
    // The best static model there can be: the truth of the same customers in a world without the offer.
    const before = telecomWorld({ seed: 7, offer: false }).truth
    const auc = (scores: Float64Array, rows: readonly number[]) =>
      rocAuc(
        Float64Array.from(rows, (i) => churned(world.rows[i]!)),
        Float64Array.from(rows, (i) => scores[i]!),
      )
    expect(auc(before, calm())).toBe(auc(world.truth, calm()))
    expect(auc(before, inCampaign())).toBeGreaterThan(0.81)
    const loss = auc(world.truth, underOffer()) - auc(before, underOffer())
    expect(loss).toBeGreaterThan(0.08)
    expect(loss).toBeLessThan(0.14)
    // The mountains are out of the competitor's reach.
    const highlands = underOffer().filter((i) => world.rows[i]!.region === 'highlands')
    expect(auc(world.truth, highlands) - auc(before, highlands)).toBeLessThan(0.03)
  })

  it('can be left out, for the same customers', () => {
    const quiet = telecomWorld({ seed: 7, campaign: false, offer: false })
    const same = (i: number) => JSON.stringify(quiet.rows[i]) === JSON.stringify(world.rows[i])
    expect(calm().every(same)).toBe(true)
    expect(between(campaign.over, offer.from - outcomeDays).every(same)).toBe(true)
    // Of the campaign's days, those it did not reach are untouched.
    const untouched = inCampaign().filter(same).length / inCampaign().length
    expect(untouched).toBeGreaterThan(0.3)
    expect(untouched).toBeLessThan(0.6)
    expect(quiet.schedule.map((event) => event.kind)).toEqual(['start', 'end'])
  })

  it('is announced in the schedule, day by day', () => {
    expect(world.schedule.map(({ day, date, kind }) => `${day} ${date} ${kind}`)).toEqual([
      '0 2025-01-01 start',
      '60 2025-03-02 covariate-shift',
      '150 2025-05-31 covariate-shift',
      '195 2025-07-15 concept-drift',
      '365 2026-01-01 end',
    ])
  })
})

describe('its replay', () => {
  it('gives every live customer one prediction, and the label thirty days later', () => {
    const { history: start, labelDelay } = world
    const steps = [...replayPlan(world.rows, { start, labelDelay, time: (row) => rowMillis(world, row) })]
    const labels = steps.filter((step) => step.kind === 'label')
    expect(labels.flatMap((step) => step.rows)).toEqual(world.rows.slice(start).map((_, i) => start + i))
    for (const step of labels) {
      const today = (Date.parse(step.day) - firstLiveDay) / DAY
      for (const row of step.rows) {
        expect(days[row]! + outcomeDays).toBeLessThan(today + 1)
        expect(days[row]! + outcomeDays).toBeGreaterThanOrEqual(today)
      }
    }
    expect(steps.at(-1)!.day).toBe('2026-01-30')
  })
})

/** AUC of the churn rate of a cell's value, values in tenths: how well one column alone could order these rows. */
function separation(rows: readonly (readonly [cell: Cell, churned: number])[]): number {
  const ascending = rows.flatMap(([cell]) => (typeof cell === 'number' ? [cell] : [])).sort((a, b) => a - b)
  const cuts = Array.from({ length: 9 }, (_, i) => ascending[Math.floor(((i + 1) * ascending.length) / 10)]!)
  const group = (cell: Cell) => (typeof cell === 'number' ? cuts.filter((cut) => cell >= cut).length : String(cell))
  const seen = new Map<string | number, { rows: number; churned: number }>()
  for (const [cell, label] of rows) {
    const before = seen.get(group(cell)) ?? { rows: 0, churned: 0 }
    seen.set(group(cell), { rows: before.rows + 1, churned: before.churned + label })
  }
  const rateOf = (cell: Cell) => seen.get(group(cell))!.churned / seen.get(group(cell))!.rows
  return rocAuc(
    Float64Array.from(rows, ([, label]) => label),
    Float64Array.from(rows, ([cell]) => rateOf(cell)),
  )
}

/** Largest distance between the two empirical distribution functions. */
function ksDistance(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()]
  let [i, j, gap] = [0, 0, 0]
  while (i < x.length && j < y.length) {
    const at = Math.min(x[i]!, y[j]!)
    while (i < x.length && x[i]! <= at) i++
    while (j < y.length && y[j]! <= at) j++
    gap = Math.max(gap, Math.abs(i / x.length - j / y.length))
  }
  return gap
}
