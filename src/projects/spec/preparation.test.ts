import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ProjectFileInvalid } from '../errors.ts'
import { parseProject } from './parse.ts'
import { ProjectFile } from './project.ts'

const file = (step: string, more = '') =>
  `project: p\ndata:\n  m: { source: m.csv, label: y, prepare: [${step}] }\n${more}`

function problemOf(text: string) {
  try {
    parseProject(text)
  } catch (error) {
    if (error instanceof ProjectFileInvalid) return error.problems[0]!
    throw error
  }
  throw new Error('the file is valid')
}

describe('a recipe', () => {
  it('reads ends as shares of the rows or as numbers, and defaults', () => {
    const { prepare } = parseProject(
      file('{ clip: { columns: [x], from: 1%, to: 9.5 } }, { scale: { columns: numbers } }'),
    ).spec.data.m!
    expect(prepare).toEqual([
      { clip: { columns: ['x'], from: { share: 0.01 }, to: 9.5 } },
      { scale: { columns: 'numbers', to: 'standard' } },
    ])
  })

  it('can be written back, every kind of step, and read again to the same', () => {
    const steps = [
      '{ sql: select * from m }, { filter: x > 1 }, { join: { with: o, on: k } }, { join: { with: o, on: [k, l], columns: [z] } }',
      '{ aggregate: { by: [k], columns: { n: count() } } }, { sample: { share: 50%, by: k } }',
      '{ clean: { columns: [k], replace: { a: b } } }, { derive: { w: x * 2 } }, { clip: { columns: [x], from: 1% } }',
      '{ impute: { columns: [x], with: median } }, { scale: { columns: numbers } }, { encode: { columns: [k], as: one_hot } }, { drop: [w] }',
    ]
    const { spec } = parseProject(
      file(steps.join(', '), '  o: { source: o.csv }\npipeline: { train: { with: { data: m } } }\n'),
    )
    expect(parseProject(JSON.stringify(z.encode(ProjectFile, spec))).spec).toEqual(spec)
  })

  it.each([
    ['a derived column', '{ derive: { z: x + y } }'],
    ['a column that is clipped', '{ clip: { columns: [y], to: 3 } }'],
    ['the label made anew', '{ derive: { y: x + 1 } }'],
  ])('that uses the label is refused before anything is read: %s', (_, step) => {
    expect(problemOf(file(step)).wrong).toContain('it uses the label "y"')
  })

  it.each([
    ['{ derive: { z: system(x) } }', 'there is no function system'],
    ['{ derive: { z: "1 + 2" } }', 'it looks at no column'],
    ['{ derive: { z: "x +" } }', '"x +":'],
    ['{}', 'the step says nothing'],
    ['{ drop: [a], scale: { columns: all } }', 'the step says scale and drop'],
    ['{ clip: { columns: [x] } }', 'clip has no end to clip at'],
    ['{ encode: { columns: [x], as: ordinal } }', 'ordinal goes with an order'],
  ])('%s is refused: %s', (step, message) => {
    expect(problemOf(file(step)).wrong).toContain(message)
  })

  it('for the package is refused for pictures, and for a table nobody learns from', () => {
    const command = 'pipeline: { train: { run: python train.py } }\n'
    expect(parseProject(file('{ drop: [a] }', command)).spec.data.m!.prepare).toEqual([{ drop: ['a'] }])
    const pictures = file('{ drop: [a] }', command).replace(
      'source: m.csv',
      'source: m/, pictures: { width: 8, height: 8 }',
    )
    expect(problemOf(pictures).wrong).toContain('a model of pictures takes pixels')
    const other = file('').replace('data:\n', 'data:\n  n: { source: n.csv, prepare: [{ drop: [a] }] }\n')
    expect(problemOf(other).wrong).toContain('no model learns from "n"')
  })
})
