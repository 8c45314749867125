import { expect, it } from 'vitest'
import { createRates } from './rate.ts'

it('answers a second at once and then at the rate, each endpoint for itself', () => {
  let now = 0
  const rates = createRates(() => now)
  const taken = (endpoint: string, times: number) =>
    Array.from({ length: times }, () => rates.take(endpoint, 10)).filter(Boolean).length
  expect([taken('a', 25), taken('b', 5)]).toEqual([10, 5])
  now = 500
  expect(taken('a', 25)).toBe(5)
  now = 60_000
  expect(taken('a', 25)).toBe(10)
})

it('answers one request in two seconds at half a request a second', () => {
  let now = 0
  const rates = createRates(() => now)
  expect([rates.take('a', 0.5), rates.take('a', 0.5)]).toEqual([true, false])
  now = 2_000
  expect(rates.take('a', 0.5)).toBe(true)
})
