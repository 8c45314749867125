import { expect, it } from 'vitest'
import { nearestName } from './nearest.ts'

const KEYS = ['label', 'label_arrives_after', 'alert_if', 'roll_back_if', 'source', 'time', 'keep']

it.each([
  ['lable', 'label'],
  ['Label', 'label'],
  ['labels', 'label'],
  ['alert', 'alert_if'],
  ['rollback_if', 'roll_back_if'],
  ['roll-back-if', 'roll_back_if'],
  ['sorce', 'source'],
  ['tiem', 'time'],
])('%s is nearest to %s', (wrong, right) => expect(nearestName(wrong, KEYS)).toBe(right))

it.each(['colour', 'x', '', 'x'.repeat(100_000)])('nothing is near %.20s', (wrong) =>
  expect(nearestName(wrong, KEYS)).toBeUndefined(),
)
