import { describe, expect, it } from 'vitest'
import { holdBackRecent } from './held-back.ts'

const DAY = 86_400_000
const daily = (rows: number) => Float64Array.from({ length: rows }, (_, i) => i * DAY)

describe('holding back recent rows', () => {
  it('takes a period before the last row, the older half to validate and the younger to test', () => {
    const { train, validation, test } = holdBackRecent(daily(1_000), { period: 100 * DAY })
    expect([train.length, validation.length, test.length]).toEqual([900, 50, 50])
    expect([validation[0], test[0], test.at(-1)]).toEqual([900, 950, 999])
  })

  it('takes a share of the rows', () => {
    expect(holdBackRecent(daily(1_000), { share: 0.2 }).train.length).toBe(800)
  })

  it('holds back enough rows to say something, and never more than half', () => {
    expect(holdBackRecent(daily(1_000), { period: DAY }).train.length).toBe(950)
    expect(holdBackRecent(daily(20), { share: 0.1 }).train.length).toBe(10)
  })

  it('parts every row once, in order', () => {
    const { train, validation, test } = holdBackRecent(daily(333), { share: 0.37 })
    expect([...train, ...validation, ...test]).toEqual(Array.from({ length: 333 }, (_, i) => i))
  })
})
