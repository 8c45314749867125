import { expect, it } from 'vitest'
import { runName } from './names.ts'

it('names 1,560 runs differently, neighbours in both words', () => {
  const names = Array.from({ length: 1_560 }, (_, n) => runName(n))
  expect(new Set(names).size).toBe(1_560)
  for (let n = 1; n < 100; n++) {
    const [how, what] = names[n]!.split('-')
    const [before, was] = names[n - 1]!.split('-')
    expect(how === before && what === was).toBe(false)
    expect(what).not.toBe(was)
  }
  expect(runName(1_560)).toBe(runName(0))
})
