import { expect, it } from 'vitest'
import { parseProject } from './parse.ts'
import { readRecipe, writeRecipe } from './recipe.ts'

const { spec } = parseProject(`project: p
data:
  m:
    source: m.csv
    label: y
    prepare:
      - sql: |
          SELECT *
          FROM m
      - clip: { columns: [a], from: 1%, to: 9.5 }
      - derive: { z: "a / max(b, 1)" }
`)

it('is written as it is read, a step on a line where it has room', () => {
  const text = writeRecipe(spec.data.m!.prepare)
  expect(text).toContain('- clip: { columns: [ a ], from: 1%, to: 9.5 }\n')
  expect(text).toContain('- sql: |\n    SELECT *\n    FROM m\n')
  expect(readRecipe(text, spec, 'm')).toEqual({ steps: spec.data.m!.prepare })
  expect(writeRecipe([])).toBe('')
})

it.each([
  ['- derive: { z: y + 1 }', 0, 'it uses the label "y"'],
  ['- drop: [a]\n- clip: { columns: [a] }', 1, 'clip has no end'],
  ['drop: [a]', null, 'no list of steps'],
  ['- [', null, 'Flow sequence'],
])('%s is told with its step', (text, step, wrong) => {
  expect(readRecipe(text, spec, 'm')).toMatchObject({ problems: [{ step, wrong: expect.stringContaining(wrong) }] })
})
