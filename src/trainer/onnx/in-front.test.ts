import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { fitRecipe, type PackageStep, type Preparation } from '#preparation'
import { fitModel } from '../fit.ts'
import { exportOnnx } from './export.ts'
import { GraphBuilder } from './graph.ts'
import { exportInFront } from './in-front.ts'
import { GRAPH, namesIn } from './names.ts'
import { fieldsOf, MessageBuilder, textOf } from './wire.ts'

const FEATURES = [
  { name: 'age', kind: 'number' },
  { name: 'Cast_4', kind: 'number' },
  { name: 'plan', kind: 'text' },
] as const
const STEPS: PackageStep[] = [
  { scale: { columns: ['age'], to: 'standard' } },
  { clip: { columns: ['Cast_4'], from: 0, to: 10 } },
  { encode: { columns: ['plan'], as: 'one_hot', most: 5 } },
]
const answers = { mean: 40, std: 12 } as Record<string, number>

const prepared = (): Promise<Preparation> =>
  fitRecipe(
    STEPS,
    FEATURES,
    async (_, questions) =>
      questions.map(({ ask }) =>
        ask === 'counts'
          ? [
              { value: 'gold', count: 2 },
              { value: 'basic', count: 1 },
            ]
          : answers[ask]!,
      ),
    { recipe: 'sha256:test' },
  )

const ROWS = 200
const noise = (i: number, salt: number) => Math.abs((Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453) % 1)
const ages = Float32Array.from({ length: ROWS }, (_, i) => (i % 7 === 0 ? Number.NaN : 18 + 60 * noise(i, 1)))
const casts = Float32Array.from({ length: ROWS }, (_, i) => 20 * noise(i, 2) - 5)
const plans = Array.from({ length: ROWS }, (_, i) => ['gold', 'basic', '', 'new'][i % 4]!)
const raw = () => ({
  age: new Tensor('float32', ages, [ROWS, 1]),
  Cast_4: new Tensor('float32', casts, [ROWS, 1]),
  plan: new Tensor('string', plans, [ROWS, 1]),
})

/** A model of the prepared columns, whose inputs are called like raw ones. */
function modelOf({ program }: Preparation) {
  const columns = program.columns.map(({ name }, c) => ({
    name,
    kind: 'numeric' as const,
    values: Float64Array.from({ length: ROWS }, (_, i) => noise(i, c)),
  }))
  const target = Float64Array.from({ length: ROWS }, (_, i) => (noise(i, 0) > 0.5 ? 1 : 0))
  return fitModel(
    { task: 'binary', classes: ['no', 'yes'] },
    { learner: 'boosted_trees', trees: 20 },
    { frame: { rows: ROWS, columns }, target },
  )
}

async function ask(onnx: Uint8Array): Promise<number[]> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 })
  const { probabilities } = await session.run(raw())
  await session.release()
  return [...(probabilities!.data as Float32Array | Float64Array)]
}

const oneEach = ({ program }: Preparation) =>
  program.columns.map(({ name }) => ({ name, elementType: 1, columns: [name] }))

const graphIn = (file: Uint8Array) => [...fieldsOf(file)].find((field) => field.id === 7)!.content!

describe('a preparation in front of a file of anybody’s', () => {
  it('gives what the trainer’s own package gives, though columns, inputs and inner values are called alike', async () => {
    const preparation = await prepared()
    const model = modelOf(preparation)
    const whole = exportInFront(preparation, exportOnnx(model), {
      inputs: oneEach(preparation),
      answer: 'probabilities',
    })
    const expected = await ask(exportOnnx(model, {}, preparation))
    expect(new Set(expected).size).toBeGreaterThan(20)
    expect(await ask(whole)).toEqual(expected)
  })

  it('is seen by graphs within the graph, and stands side by side where an input takes many columns', async () => {
    const preparation = await prepared()
    const branch = (name: string, places: number[]) => {
      const graph = new GraphBuilder(['age', name])
      graph.node('Gather', ['age', graph.integers(places)], { axis: 1 }, name)
      graph.output(name, 'double', [2])
      return graphIn(graph.finish('branch', {}))
    }
    const graph = new GraphBuilder(['age', 'plan', 'probabilities'])
    graph.node('Less', [graph.node('ReduceSum', ['age'], { keepdims: 0 }), graph.doubles([0], [])], {}, 'plan')
    const whole = new MessageBuilder()
    for (const field of fieldsOf(graphIn(graph.finish('whole', {})))) whole.keep(field)
    const choice = new MessageBuilder()
    choice.text(1, 'plan')
    choice.text(2, 'probabilities')
    choice.text(4, 'If')
    for (const [name, places] of [
      ['then_branch', [0, 1]],
      ['else_branch', [0, 3]],
    ] as const) {
      const attribute = new MessageBuilder()
      attribute.text(1, name)
      attribute.bytes(6, branch(name, [...places]))
      attribute.number(20, 5)
      choice.message(5, attribute)
    }
    whole.message(GRAPH.node, choice)
    const entries = new GraphBuilder([])
    entries.input('age', 'double', 4)
    entries.output('probabilities', 'double', [2])
    for (const field of fieldsOf(graphIn(entries.finish('', {})))) if (field.id !== 2) whole.keep(field)
    const file = new MessageBuilder()
    for (const field of fieldsOf(graph.finish('whole', {})))
      if (field.id === 7) file.message(7, whole)
      else file.keep(field)
    const inputs = [{ name: 'age', elementType: 11, columns: preparation.program.columns.map((one) => one.name) }]
    const given = await ask(exportInFront(preparation, file.finish(), { inputs, answer: 'probabilities' }))
    // A sum with what is missing in it is not less than nothing: the age, and whether somebody has the basic plan.
    expect(given[2]).toBe(Math.fround((ages[1]! - 40) / 12))
    expect(given.filter((_, i) => i % 2 === 1)).toEqual(plans.map((plan) => (plan === 'basic' ? 1 : 0)))
  })

  it('keeps what else the model gives, but for an output that is called like a column', async () => {
    const preparation = await prepared()
    const outputsOf = (file: Uint8Array) => namesIn(graphIn(file), GRAPH.output)
    const file = exportOnnx(modelOf(preparation))
    const inputs = oneEach(preparation)
    expect(outputsOf(exportInFront(preparation, file, { inputs, answer: 'probabilities' }))).toEqual([
      'probabilities',
      'label',
    ])
    const called = { ...preparation, inputs: [...preparation.inputs, { name: 'label', kind: 'text' as const }] }
    expect(outputsOf(exportInFront(called, file, { inputs, answer: 'probabilities' }))).toEqual(['probabilities'])
    const answer = { ...preparation, inputs: [...preparation.inputs, { name: 'probabilities', kind: 'text' as const }] }
    expect(() => exportInFront(answer, file, { inputs, answer: 'probabilities' })).toThrow('is called "probabilities"')
  })

  it('refuses a file of operators too old, saying which', async () => {
    const preparation = await prepared()
    const old = new MessageBuilder()
    for (const field of fieldsOf(exportOnnx(modelOf(preparation)))) {
      if (field.id !== 8 || [...fieldsOf(field.content!)].some((one) => one.id === 1 && textOf(one.content!) !== '')) {
        old.keep(field)
        continue
      }
      const opset = new MessageBuilder()
      opset.text(1, '')
      opset.number(2, 9)
      old.message(8, opset)
    }
    expect(() =>
      exportInFront(preparation, old.finish(), { inputs: oneEach(preparation), answer: 'probabilities' }),
    ).toThrow('opset 9, and a preparation in front of it needs 12')
  })

  it('refuses bytes that are cut off', async () => {
    const preparation = await prepared()
    const file = exportOnnx(modelOf(preparation))
    for (const end of [1, 10, 100, file.length - 3])
      expect(() =>
        exportInFront(preparation, file.subarray(0, end), { inputs: oneEach(preparation), answer: 'probabilities' }),
      ).toThrow()
  })
})
