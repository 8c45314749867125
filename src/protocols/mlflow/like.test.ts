import { expect, it } from 'vitest'
import { isLike } from './like.ts'

it.each([
  ['churn', 'churn', true],
  ['churn', 'ch%', true],
  ['churn', '%rn', true],
  ['churn', 'c%r%', true],
  ['churn', 'ch_rn', true],
  ['churn', '_', false],
  ['churn', 'rn', false],
  ['churn', 'Churn', false],
  ['', '', true],
  ['', '%', true],
  ['', '_', false],
  ['a.b', 'a_b', true],
  ['axb', 'a.b', false],
  ['abab', '%ab', true],
  ['aab', '%ab', true],
  ['ab', 'ab%%', true],
  ['🌍', '_', true],
])('%j like %j is %j', (value, pattern, expected) => {
  expect(isLike(value, pattern, false)).toBe(expected)
})

it('takes upper and lower case for the same where asked', () => {
  expect(isLike('ChUrN', 'cHuR_', true)).toBe(true)
})

it('is not made slow by a pattern', () => {
  const started = performance.now()
  expect(isLike('a'.repeat(2_000), `${'%a'.repeat(500)}b`, false)).toBe(false)
  expect(performance.now() - started).toBeLessThan(1_000)
})
