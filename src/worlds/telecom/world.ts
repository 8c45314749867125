import { Random } from '../random.ts'
import type { World, WorldEvent, WorldRow } from '../world.ts'
import { churnProbability } from './churn.ts'
import { type Customer, drawCustomer } from './customer.ts'
import { campaign, campaignStrength, offer, offerStrength, outcomeDays } from './schedule.ts'

export interface TelecomOptions {
  readonly seed: number
  /** Customers scored in the six months whose outcomes are known at the start. */
  readonly historyRows?: number
  /** Customers scored in the twelve months after it. */
  readonly liveRows?: number
  /** False for the same world without the price campaign: what a monitor says then is a false alarm. */
  readonly campaign?: boolean
  /** False for the same world without the competitor's offer. */
  readonly offer?: boolean
}

export interface TelecomWorld extends World {
  /**
   * The true probability of churn of each row, for tests and for the best possible score. It is no column: no model,
   * monitor or file may see it.
   */
  readonly truth: Float64Array
}

const DAY = 86_400_000
/** A Wednesday. Any fixed date would do: simulated time must not depend on the clock. */
const firstLiveDay = Date.UTC(2025, 0, 1)
const liveDays = 365
/** Six months of outcomes that are all known on day 0, so the last was scored thirty days before. */
const historyDays = 182
/** Share of a weekday's customers the desk scores on each day of the week, Sunday first. */
const weekdayWeight = [0.2, 1, 1, 1, 1, 1, 0.5] as const

const features = [
  'tenure_months',
  'contract',
  'contract_months_left',
  'plan',
  'campaign_price',
  'monthly_charge',
  'data_gb',
  'data_gb_trend',
  'support_calls',
  'late_payments',
  'payment_method',
  'survey_score',
  'region',
  'age_group',
  'is_business',
] as const

/**
 * A simulated telecom's customers: 18 months, a price campaign, a competitor's offer, labels thirty days late.
 * The same options give the same rows, bit for bit.
 */
export function telecomWorld(options: TelecomOptions): TelecomWorld {
  const { seed, historyRows = 6_000, liveRows = 12_000 } = options
  const days = [
    ...eventDays(new Random(seed, -1), -outcomeDays - historyDays, historyDays, historyRows),
    ...eventDays(new Random(seed, -2), 0, liveDays, liveRows),
  ]
  const truth = new Float64Array(days.length)
  const rows = days.map((day, index) => {
    const random = new Random(seed, index)
    const pull = options.campaign === false ? 0 : campaignStrength(day)
    const customer = drawCustomer(random, pull, Math.max(0, day - campaign.from))
    const probability = churnProbability(customer, options.offer === false ? 0 : offerStrength(day))
    truth[index] = probability
    return observe(random, customer, {
      customer_id: customerId(seed, index),
      event_time: `${new Date(firstLiveDay + Math.floor(day * 86_400) * 1000).toISOString().slice(0, 19)}Z`,
      churned: random.chance(probability) ? 'yes' : 'no',
    })
  })
  return {
    name: 'simulated-telecom',
    title: 'A telecom’s customers (simulated)',
    simulated: true,
    project: 'examples/churn',
    table: 'customers.csv',
    columns: ['customer_id', 'event_time', ...features, 'churned'],
    features,
    rows,
    history: historyRows,
    idColumn: 'customer_id',
    timeColumns: ['event_time'],
    labelColumn: 'churned',
    task: 'binary',
    positive: 'yes',
    labelDelay: { milliseconds: outcomeDays * DAY },
    schedule: telecomSchedule(options),
    truth,
  }
}

/**
 * `count` event times in days, in order, spread over `length` days from `from`: fewer at weekends, between eight and
 * eight. Each falls into its own equal share of the working time, so a month's number of rows hardly varies.
 */
function eventDays(random: Random, from: number, length: number, count: number): number[] {
  const weightOf = (day: number) => weekdayWeight[new Date(firstLiveDay + day * DAY).getUTCDay()]!
  let total = 0
  for (let day = from; day < from + length; day++) total += weightOf(day)
  const times: number[] = []
  let day = from
  let before = 0
  for (let i = 0; i < count; i++) {
    const work = ((i + random.uniform()) / count) * total
    while (work >= before + weightOf(day)) before += weightOf(day++)
    times.push(day + (8 + 12 * ((work - before) / weightOf(day))) / 24)
  }
  return times
}

/** What the company's systems hold of a customer: rounded, and with the gaps such systems have. */
function observe(
  random: Random,
  customer: Customer,
  row: { customer_id: string; event_time: string; churned: 'yes' | 'no' },
): WorldRow {
  // An outage of the meters loses both figures of data use.
  const metered = !random.chance(0.04)
  const answered = random.chance(customer.surveyScore <= 4 ? 0.6 : 0.4)
  return {
    customer_id: row.customer_id,
    event_time: row.event_time,
    tenure_months: customer.tenureMonths,
    contract: customer.contract,
    contract_months_left: customer.contractMonthsLeft,
    plan: customer.plan,
    campaign_price: customer.campaignPrice ? 'yes' : 'no',
    monthly_charge: random.chance(0.01) ? null : round(customer.monthlyCharge, 2),
    data_gb: metered ? round(customer.dataGb, 1) : null,
    data_gb_trend: metered ? round(customer.dataGbTrend, 3) : null,
    support_calls: customer.supportCalls,
    // Nobody is late with a bill that has not been written yet.
    late_payments: customer.tenureMonths < 1 ? null : customer.latePayments,
    payment_method: random.chance(0.02) ? null : customer.paymentMethod,
    survey_score: answered ? customer.surveyScore : null,
    region: customer.region,
    age_group: random.chance(0.05) ? null : customer.ageGroup,
    is_business: customer.isBusiness ? 'yes' : 'no',
    churned: row.churned,
  }
}

function round(x: number, digits: number): number {
  const scale = 10 ** digits
  // `+ 0` turns −0 into 0, which would be written differently.
  return Math.round(x * scale) / scale + 0
}

/** Eight digits that repeat only after 10⁸ rows and carry no order: 61,803,399 has no factor in common with 10⁸. */
function customerId(seed: number, index: number): string {
  return `C${String((61_803_399 * (index + 1) + 7_919 * (seed >>> 0)) % 100_000_000).padStart(8, '0')}`
}

function telecomSchedule(options: TelecomOptions): WorldEvent[] {
  const on = (day: number) => ({ day, date: new Date(firstLiveDay + day * DAY).toISOString().slice(0, 10) })
  const events: WorldEvent[] = [
    {
      ...on(0),
      kind: 'start',
      title: 'The model goes live',
      expect: 'Nothing: customers are those of the history.',
    },
  ]
  if (options.campaign !== false) {
    events.push(
      {
        ...on(campaign.from),
        kind: 'covariate-shift',
        title: 'A price campaign: a third off, many new customers with one-year contracts',
        expect:
          'campaign_price, contract_months_left, tenure_months and monthly_charge move; the relation to churn does not, ' +
          'and quality loses little.',
      },
      {
        ...on(campaign.until),
        kind: 'covariate-shift',
        title: 'The campaign ends; within thirty days its prices are gone',
        expect: 'The same columns move back.',
      },
    )
  }
  if (options.offer !== false) {
    events.push({
      ...on(offer.from),
      kind: 'concept-drift',
      title: 'A competitor buys customers out of their contracts and sells unlimited data for 40',
      expect:
        'No column moves, but contract, tenure and price now mean something else: measured quality falls as labels come in. ' +
        `Outcomes feel it from day ${offer.from - outcomeDays}, fully from day ${offer.full}; labels show it thirty days later.`,
    })
  }
  events.push({
    ...on(liveDays),
    kind: 'end',
    title: 'The replay ends',
    expect: 'The last labels follow for thirty days.',
  })
  return events
}
