import { describe, expect, it } from 'vitest'
import { type GraphPackage, writeBundle } from '../bundle.ts'
import type { Signature } from '../contract.ts'
import { loadModel } from '../model.ts'
import { floats, node, onnxFile, value } from '../onnx.fixture.ts'
import { combineScores, graphSignature } from './compose.ts'
import type { GraphStep } from './contract.ts'

/** A regression of numbers: their sum, times a factor. */
const timesSum = (factor: number, ...inputs: string[]) =>
  onnxFile({
    node: [node('Sum', inputs, ['sum']), node('Mul', ['sum', 'factor'], ['prediction'])],
    input: inputs.map((input) => value(input, 'FP32', ['n', 1])),
    output: [value('prediction', 'FP32', ['n', 1])],
    initializer: [floats('factor', [1], [factor])],
  })
const regression = (...features: string[]): Signature => ({
  task: 'regression',
  classes: [],
  label: 'y',
  features: features.map((name) => ({ name, kind: 'numeric', required: true })),
})

const PARTS: Record<string, { file: Uint8Array; signature: Signature }> = {
  double: { file: timesSum(2, 'x'), signature: regression('x') },
  tenfold: { file: timesSum(10, 'x', 'y'), signature: regression('x', 'y') },
  behind: { file: timesSum(100, 'double', 'y'), signature: regression('double', 'y') },
}

async function composed(answer: GraphStep, ...names: string[]) {
  const parts: GraphPackage['parts'] = {}
  const files = new Map<string, Uint8Array>()
  for (const name of names) {
    const { file, signature } = PARTS[name]!
    files.set(`${name}.onnx`, file)
    parts[name] = { file: `${name}.onnx`, of: `${name}@1`, signature }
  }
  const bundle = writeBundle({ manifest: { kind: 'graph', parts, answer }, files })
  const named = new Map(names.map((name) => [name, PARTS[name]!]))
  return loadModel('all@1', bundle, graphSignature('all@1', answer, named))
}

describe('an inference graph', () => {
  const rows = [
    { x: 1, y: 5 },
    { x: 2, y: 6 },
    { x: 3, y: 7 },
  ]

  it('combines what parts answer, and tells what each alone says', async () => {
    const model = await composed(
      { combine: ['double', 'tenfold'], by: 'average', weights: [3, 1] },
      'double',
      'tenfold',
    )
    expect(model.signature.features.map(({ name }) => name)).toEqual(['x', 'y'])
    expect(model.parts).toEqual(['double', 'tenfold'])
    expect([...(await model.predict(rows))]).toEqual([16.5, 23, 29.5])
    let said: ReadonlyMap<string, Float64Array> | undefined
    const columns = [Float32Array.of(1), Float32Array.of(5)]
    await model.run(model.feeds({ rows: 1, columns }), 1, (parts) => (said = parts))
    expect([...said!].map(([part, scores]) => [part, ...scores])).toEqual([
      ['double', 2],
      ['tenfold', 60],
    ])
    await model.close()
  })

  it('gives what a part answers to those behind it, by its name', async () => {
    const model = await composed({ chain: ['double', 'behind'] }, 'double', 'behind')
    expect(model.signature.features.map(({ name }) => name)).toEqual(['x', 'y'])
    expect([...(await model.predict(rows))]).toEqual([700, 1000, 1300])
    await model.close()
  })

  it('chooses the part by a condition on the row, and asks no other', async () => {
    const answer: GraphStep = { switch: [{ when: 'x < 2 || y == 7', use: 'double' }, { use: 'tenfold' }] }
    const model = await composed(answer, 'double', 'tenfold')
    expect([...(await model.predict(rows))]).toEqual([2, 80, 6])
    let said: ReadonlyMap<string, Float64Array> | undefined
    const columns = [Float32Array.of(1, 2), Float32Array.of(5, 6)]
    await model.run(model.feeds({ rows: 2, columns }), 2, (parts) => (said = parts))
    expect([...said!.get('double')!]).toEqual([2, Number.NaN])
    expect([...said!.get('tenfold')!]).toEqual([Number.NaN, 80])
    await model.close()
  })

  it('may be put together of graphs', async () => {
    const answer: GraphStep = {
      switch: [
        { when: 'y > 6', use: { combine: ['double', 'tenfold'], by: 'average' } },
        { use: { chain: ['double', 'behind'] } },
      ],
    }
    const model = await composed(answer, 'double', 'tenfold', 'behind')
    expect([...(await model.predict(rows))]).toEqual([700, 1000, 53])
    await model.close()
  })

  it.each<[string, GraphStep, RegExp]>([
    ['names a part that is not there', { chain: ['double', 'nobody'] }, /a part "nobody" that it does not have/],
    ['has too few weights', { combine: ['double', 'tenfold'], by: 'average', weights: [1] }, /1 weights for 2 parts/],
    [
      'has a condition that is none',
      { switch: [{ when: 'x <', use: 'double' }, { use: 'tenfold' }] },
      /"x <" cannot be read/,
    ],
  ])('is refused when it %s', async (_, answer, reason) => {
    await expect(composed(answer, 'double', 'tenfold')).rejects.toThrow(reason)
  })

  it('is refused when its parts answer different things', async () => {
    const binary: Signature = { ...regression('x'), task: 'binary', classes: ['no', 'yes'] }
    const parts = new Map([
      ['a', { signature: binary }],
      ['b', { signature: regression('x') }],
    ])
    expect(() => graphSignature('all', { combine: ['a', 'b'], by: 'average' }, parts)).toThrow('different tasks')
    // In a chain only the last part answers.
    expect(graphSignature('all', { chain: ['a', 'b'] }, parts).task).toBe('regression')
  })
})

describe('combineScores', () => {
  const of = (...values: number[]) => Float64Array.from(values)

  it('votes by class, and by the median of numbers', () => {
    expect([...combineScores([of(0.9, 0.2), of(0.4, 0.6), of(0.7, 0.1)], [1, 1, 2], 'binary', 1)]).toEqual([0.75, 0.25])
    const classes = [of(0.2, 0.5, 0.3), of(0.1, 0.2, 0.7), of(0, 0.6, 0.4)]
    expect([...combineScores(classes, [1, 1, 2], 'multiclass', 3)]).toEqual([0, 0.75, 0.25])
    expect([...combineScores([of(1), of(100), of(3)], [1, 1, 1], 'regression', 1)]).toEqual([3])
    expect([...combineScores([of(1), of(100), of(3)], [1, 5, 1], 'regression', 1)]).toEqual([100])
  })
})
