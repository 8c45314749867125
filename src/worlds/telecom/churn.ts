import type { Contract, Customer, PaymentMethod, Region } from './customer.ts'

/** Where the competitor's network reaches: the share of a region's customers its offer is real for. */
export const coverage: Readonly<Record<Region, number>> = {
  capital: 0.9,
  coast: 0.9,
  north: 0.85,
  south: 0.8,
  east: 0.7,
  highlands: 0.05,
}

const contractEffect: Readonly<Record<Contract, number>> = { 'month-to-month': 1.2, 'one-year': -0.4, 'two-year': -1.3 }
const paymentEffect: Readonly<Record<PaymentMethod, number>> = {
  'direct debit': -0.25,
  card: 0,
  transfer: 0.15,
  cheque: 0.35,
}

/**
 * The true probability that `customer` leaves within 30 days: the equation of the world (docs/guide/simulated-telecom.md).
 *
 * @param offer mean strength of the competitor's offer over those 30 days, 0 … 1
 */
export function churnProbability(customer: Customer, offer: number): number {
  const o = offer * coverage[customer.region]
  const logit = service(customer) + (1 - o) * usualTies(customer) + o * tiesUnderOffer(customer)
  return 1 / (1 + Math.exp(-logit))
}

/** What the offer leaves alone: how the customer is served and how they pay. */
function service(c: Customer): number {
  return (
    0.65 * Math.min(c.supportCalls, 5) +
    4.5 * Math.max(0, -c.dataGbTrend) +
    0.5 * Math.min(c.latePayments, 4) -
    0.2 * (c.surveyScore - 7) +
    paymentEffect[c.paymentMethod] -
    (c.isBusiness ? 0.4 : 0)
  )
}

/** Ordinary times: a contract holds, time makes loyal, a contract's last two months are a door, price matters a little. */
function usualTies(c: Customer): number {
  const ending = c.contractMonthsLeft !== null && c.contractMonthsLeft <= 2 ? 1.3 : 0
  return (
    -2.45 +
    contractEffect[c.contract] +
    ending -
    0.75 * Math.log1p(c.tenureMonths / 12) +
    0.3 * ((c.monthlyCharge - 42) / 15)
  )
}

/**
 * Under the offer: the competitor pays the exit fee and a bonus for each month left, so a contract is bait and no
 * longer a tie; it sells unlimited data for 40, so who pays more than that or uses much is drawn; a long tenure means
 * an old, dear tariff.
 */
function tiesUnderOffer(c: Customer): number {
  const bonus = c.contractMonthsLeft === null ? 0 : 0.03 * Math.min(c.contractMonthsLeft, 12)
  return (
    -3.4 +
    bonus -
    0.25 * Math.log1p(c.tenureMonths / 12) +
    1.2 * Math.max(0, (c.monthlyCharge - 40) / 15) +
    0.35 * Math.log(c.dataGb / 10)
  )
}
