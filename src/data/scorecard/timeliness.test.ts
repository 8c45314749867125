import { expect, it } from 'vitest'
import { timeliness } from './timeliness.ts'

const DAY = 86_400_000
const NOW = 1_000 * DAY
const graded = (input: Partial<Parameters<typeof timeliness>[0]>) =>
  Object.fromEntries(
    timeliness({ now: NOW, newest: NOW - DAY, labelArrivesAfter: 0, made: [NOW], ...input }).measures.map((one) => [
      one.name,
      [one.value, one.grade],
    ]),
  )

it('is as old as its newest row', () => {
  expect(graded({}).age).toEqual([DAY, 'A'])
  expect(graded({ newest: NOW - 31 * DAY }).age).toEqual([31 * DAY, 'D'])
  expect(graded({ newest: null })).toMatchObject({ age: [null, 'unknown'], delay: [null, 'unknown'] })
  // A row from a clock that goes ahead is not younger than new.
  expect(graded({ newest: NOW + DAY }).age).toEqual([0, 'A'])
})

it('a delay that labels need is none', () => {
  const late = { newest: NOW - 20 * DAY, made: [NOW] }
  expect(graded(late).delay).toEqual([20 * DAY, 'C'])
  expect(graded({ ...late, labelArrivesAfter: 20 * DAY }).delay).toEqual([20 * DAY, 'A'])
})

it('a rhythm needs several versions that were not made in one sitting', () => {
  const weekly = (since: number) => [0, 1, 2, 3].map((i) => NOW - since - i * 7 * DAY)
  expect(graded({ made: weekly(DAY) }).refresh).toEqual([1 / 7, 'A'])
  expect(graded({ made: weekly(21 * DAY) }).refresh).toEqual([3, 'C'])
  expect(graded({ made: [NOW, NOW - DAY] }).refresh).toEqual([null, 'unknown'])
  expect(graded({ made: [0, 1, 2, 3].map((i) => NOW - i * 1_000) }).refresh).toEqual([null, 'unknown'])
})
