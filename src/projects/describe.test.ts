import { expect, it } from 'vitest'
import { describeProject } from './describe.ts'

it('takes the first sentence of prose, across lines and past headings', () => {
  const canvas = '# Canvas\n\n## Value\n\nFor a large consumer: run when\npower is cheap. Prices are high.\n'
  expect(describeProject({ canvas })).toBe('For a large consumer: run when power is cheap.')
})

it('is empty without a canvas, and short for an endless sentence', () => {
  expect(describeProject({ canvas: '' })).toBe('')
  expect(describeProject({ canvas: 'word '.repeat(200) }).length).toBe(240)
})
