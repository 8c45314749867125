import type { Random } from '../random.ts'

/** Everything that is true of a customer on the day of scoring, before any cell goes missing. */
export interface Customer {
  readonly tenureMonths: number
  readonly contract: Contract
  /** `null` for a month-to-month contract, which has no end. */
  readonly contractMonthsLeft: number | null
  readonly plan: Plan
  readonly campaignPrice: boolean
  readonly monthlyCharge: number
  readonly dataGb: number
  /** Change of data use over the last three months, as a share: −0.2 is a fifth less. */
  readonly dataGbTrend: number
  readonly supportCalls: number
  readonly latePayments: number
  readonly paymentMethod: PaymentMethod
  readonly surveyScore: number
  readonly region: Region
  readonly ageGroup: AgeGroup
  readonly isBusiness: boolean
}

export type Contract = 'month-to-month' | 'one-year' | 'two-year'
export type Plan = 'basic' | 'plus' | 'max' | 'unlimited'
export type PaymentMethod = 'direct debit' | 'card' | 'transfer' | 'cheque'
export type Region = 'capital' | 'coast' | 'north' | 'south' | 'east' | 'highlands'
export type AgeGroup = '18-29' | '30-44' | '45-64' | '65+'

/** List price a month. */
const listPrice: Readonly<Record<Plan, number>> = { basic: 22, plus: 34, max: 48, unlimited: 62 }
/** Median data use a month in GB. */
const medianGb: Readonly<Record<Plan, number>> = { basic: 4, plus: 12, max: 28, unlimited: 60 }
/** The campaign price is the list price less a third. */
const campaignDiscount = 1 / 3

const regions: Readonly<Record<Region, number>> = {
  capital: 0.26,
  coast: 0.2,
  north: 0.17,
  south: 0.16,
  east: 0.12,
  highlands: 0.09,
}
const ageGroups: Readonly<Record<AgeGroup, number>> = { '18-29': 0.24, '30-44': 0.3, '45-64': 0.29, '65+': 0.17 }

const plansByAge: Readonly<Record<AgeGroup, Record<Plan, number>>> = {
  '18-29': { basic: 0.12, plus: 0.28, max: 0.35, unlimited: 0.25 },
  '30-44': { basic: 0.18, plus: 0.34, max: 0.3, unlimited: 0.18 },
  '45-64': { basic: 0.32, plus: 0.38, max: 0.2, unlimited: 0.1 },
  '65+': { basic: 0.55, plus: 0.31, max: 0.1, unlimited: 0.04 },
}
const campaignPlans: Readonly<Record<Plan, number>> = { basic: 0.2, plus: 0.55, max: 0.2, unlimited: 0.05 }

const newContracts: Readonly<Record<Contract, number>> = { 'month-to-month': 0.6, 'one-year': 0.28, 'two-year': 0.12 }
const settledContracts: Readonly<Record<Contract, number>> = {
  'month-to-month': 0.42,
  'one-year': 0.3,
  'two-year': 0.28,
}

const paymentByAge: Readonly<Record<AgeGroup, Record<PaymentMethod, number>>> = {
  '18-29': { 'direct debit': 0.34, card: 0.48, transfer: 0.15, cheque: 0.03 },
  '30-44': { 'direct debit': 0.48, card: 0.34, transfer: 0.14, cheque: 0.04 },
  '45-64': { 'direct debit': 0.54, card: 0.2, transfer: 0.18, cheque: 0.08 },
  '65+': { 'direct debit': 0.46, card: 0.08, transfer: 0.24, cheque: 0.22 },
}
const meanLatePayments: Readonly<Record<PaymentMethod, number>> = {
  'direct debit': 0.25,
  card: 0.6,
  transfer: 1.1,
  cheque: 1.3,
}

/** At full strength: the share of customers the campaign has won as new ones, and of the others it has given its price. */
const wonShare = 0.3
const repricedShare = 0.4
/** Share of customers on a cut price in ordinary times. */
const usualRepricedShare = 0.06

/**
 * One customer as the retention desk meets them.
 *
 * @param campaign strength of the price campaign on that day, 0 … 1
 * @param campaignDays days since the campaign began; bounds how long a customer won by it can have stayed
 */
export function drawCustomer(random: Random, campaign: number, campaignDays: number): Customer {
  const region = random.pick(regions)
  const ageGroup = random.pick(ageGroups)
  const isBusiness = random.chance(0.12)

  const won = random.chance(wonShare * campaign)
  // Both are drawn, one is used: the sequence stays aligned, so a world without the campaign has the same customers.
  const settledPlan = random.pick(plansByAge[ageGroup])
  const campaignPlan = random.pick(campaignPlans)
  const plan = won ? campaignPlan : settledPlan
  const settledTenure = Math.min(144, Math.floor(random.exponential(34)))
  const campaignTenure = 1 + random.below(1 + Math.floor(campaignDays / 30))
  const tenureMonths = won ? campaignTenure : settledTenure

  const chosenContract = random.pick(tenureMonths < 12 ? newContracts : settledContracts)
  const contract = won ? 'one-year' : chosenContract
  const left = random.uniform()
  const contractMonthsLeft = monthsLeft(contract, tenureMonths, left)

  const repriced = random.chance(usualRepricedShare + (repricedShare - usualRepricedShare) * campaign)
  const campaignPrice = won || repriced
  const extras = random.exponential(5) + (isBusiness ? 9 : 0)
  const monthlyCharge = listPrice[plan] * (campaignPrice ? 1 - campaignDiscount : 1) + extras

  const dataGb = medianGb[plan] * Math.exp(0.55 * random.normal()) * (ageGroup === '18-29' ? 1.3 : 1)
  const dataGbTrend = Math.max(-0.9, 0.02 + 0.22 * random.normal())

  const mood = 7.2 + 1.9 * random.normal()
  const surveyScore = Math.round(Math.min(10, Math.max(0, mood)))
  const supportCalls = random.poisson(Math.exp(-0.25 - 0.22 * (mood - 7.2)))

  const paymentMethod = random.pick(paymentByAge[ageGroup])
  const latePayments = random.poisson(meanLatePayments[paymentMethod] * Math.min(1, (tenureMonths + 1) / 12))

  return {
    tenureMonths,
    contract,
    contractMonthsLeft,
    plan,
    campaignPrice,
    monthlyCharge,
    dataGb,
    dataGbTrend,
    supportCalls,
    latePayments,
    paymentMethod,
    surveyScore,
    region,
    ageGroup,
    isBusiness,
  }
}

/** A first contract ends `length − tenure` months from now; a renewed one anywhere within its length. */
function monthsLeft(contract: Contract, tenureMonths: number, u: number): number | null {
  if (contract === 'month-to-month') return null
  const length = contract === 'one-year' ? 12 : 24
  return tenureMonths < length ? length - tenureMonths : Math.floor(u * length)
}
