import { describe, expect, it } from 'vitest'
import { churnProbability } from './churn.ts'
import type { Customer } from './customer.ts'

const typical: Customer = {
  tenureMonths: 24,
  contract: 'one-year',
  contractMonthsLeft: 7,
  plan: 'plus',
  campaignPrice: false,
  monthlyCharge: 39,
  dataGb: 12,
  dataGbTrend: 0,
  supportCalls: 1,
  latePayments: 0,
  paymentMethod: 'direct debit',
  surveyScore: 7,
  region: 'coast',
  ageGroup: '30-44',
  isBusiness: false,
}
const churn = (change: Partial<Customer>, offer = 0) => churnProbability({ ...typical, ...change }, offer)
const monthly = { contract: 'month-to-month', contractMonthsLeft: null } as const
const twoYear = { contract: 'two-year', contractMonthsLeft: 12 } as const

describe('churnProbability', () => {
  it('is the equation of the guide, worked by hand', () => {
    // 0.65 − 0.25 − 2.45 − 0.4 − 0.75·ln 3 + 0.3·(−3/15) = −3.33396
    expect(churn({})).toBeCloseTo(1 / (1 + Math.exp(3.333959)), 6)
    // Offer, all of it in reach of nine tenths: ties −3.4 + 0.21 − 0.25·ln 3 + 0 + 0.35·ln 1.2 = −3.40084
    expect(churn({}, 1)).toBeCloseTo(1 / (1 + Math.exp(-(0.65 - 0.25 + 0.1 * -3.733959 + 0.9 * -3.40084))), 5)
  })

  it('in ordinary times is held down by contracts and time, and up by trouble', () => {
    expect(churn(monthly)).toBeGreaterThan(churn({}))
    expect(churn(twoYear)).toBeLessThan(churn({}))
    expect(churn({ contractMonthsLeft: 1 })).toBeGreaterThan(churn({}))
    expect(churn({ tenureMonths: 60 })).toBeLessThan(churn({}))
    expect(churn({ supportCalls: 3 })).toBeGreaterThan(churn({}))
    expect(churn({ latePayments: 2 })).toBeGreaterThan(churn({}))
    expect(churn({ dataGbTrend: -0.3 })).toBeGreaterThan(churn({}))
    expect(churn({ dataGbTrend: 0.3 })).toBe(churn({}))
  })

  it('under the offer is drawn by price, use and the months of contract left', () => {
    expect(churn(twoYear, 1)).toBeGreaterThan(churn(monthly, 1))
    const dearer = { monthlyCharge: 69 }
    expect(churn(dearer, 1) / churn({}, 1)).toBeGreaterThan(2 * (churn(dearer) / churn({})))
    expect(churn({ dataGb: 60 }, 1)).toBeGreaterThan(churn({}, 1))
    expect(churn({ dataGb: 60 })).toBe(churn({}))
  })

  it('hardly feels the offer where the competitor has no network', () => {
    const change = (region: Customer['region']) =>
      Math.abs(churn({ ...twoYear, region }, 1) - churn({ ...twoYear, region }))
    expect(change('highlands')).toBeLessThan(change('coast') / 10)
  })

  it('does not look at age, plan or the campaign themselves', () => {
    for (const offer of [0, 0.5, 1]) {
      expect(churn({ ageGroup: '65+', plan: 'unlimited', campaignPrice: true }, offer)).toBe(churn({}, offer))
    }
  })
})
