import { InferenceSession, Tensor } from 'onnxruntime-node'
import protobuf from 'protobufjs/light.js'
import { describe, expect, it } from 'vitest'
import type { Frame } from '#platform/table'
import { blend } from '../blend.ts'
import { fitModel } from '../fit.ts'
import type { TabularModel, Task } from '../model.ts'
import { predict } from '../predict.ts'
import type { RecipeInput } from '../recipe.ts'
import { largestDifference, numericFrame, PROBLEMS, pickRows, syntheticRows } from '../synthetic.fixture.ts'
import { exportOnnx } from './export.ts'

const TASKS: Task[] = ['binary', 'multiclass', 'regression']
const LINEAR: RecipeInput = { learner: 'logistic' }
const TREES: RecipeInput = { learner: 'boosted_trees', trees: 60, maxLeaves: 15, minChildWeight: 5 }

interface Answer {
  /** As `predict` gives them. */
  readonly values: Float64Array
  readonly labels: readonly string[] | undefined
}

async function answerOf(model: TabularModel, frame: Frame): Promise<Answer> {
  const session = await InferenceSession.create(exportOnnx(model), { intraOpNumThreads: 1 })
  const feeds = Object.fromEntries(
    frame.columns.map((column) => {
      const shape = [frame.rows, 1]
      if (column.kind === 'numeric')
        return [column.name, new Tensor('float32', Float32Array.from(column.values), shape)]
      const texts = Array.from(column.codes, (code) => (code < 0 ? '' : column.categories[code]!))
      return [column.name, new Tensor('string', texts, shape)]
    }),
  )
  const outputs = await session.run(feeds)
  await session.release()
  if (model.task === 'regression') {
    expect(outputs.prediction!.dims).toEqual([frame.rows, 1])
    return { values: Float64Array.from(outputs.prediction!.data as Float32Array), labels: undefined }
  }
  expect(outputs.probabilities!.dims).toEqual([frame.rows, model.classes!.length])
  expect(outputs.label!.dims).toEqual([frame.rows])
  const all = Float64Array.from(outputs.probabilities!.data as Float32Array)
  const values = model.task === 'binary' ? all.filter((_, i) => i % 2 === 1) : all
  return { values, labels: outputs.label!.data as string[] }
}

/** Relative to the size of the answers, as far as they are larger than 1. */
async function parity(model: TabularModel, frame: Frame): Promise<number> {
  const expected = predict(model, frame)
  const { values } = await answerOf(model, frame)
  return largestDifference(values, expected) / Math.max(1, ...expected.map(Math.abs))
}

/** The frame with, here and there, a category nobody has seen, infinities, and numbers float32 cannot hold. */
function withOddities(frame: Frame): Frame {
  const columns = frame.columns.map((column) => {
    if (column.kind === 'categorical') {
      const categories = [...column.categories, 'never seen', '']
      const codes = column.codes.map((code, r) => (r % 11 === 0 ? categories.length - 1 - (r % 2) : code))
      return { ...column, categories, codes }
    }
    const odd = [Infinity, -Infinity, 1e300, -1e39, Number.NaN, 3.4028234663852886e38]
    return { ...column, values: column.values.map((value, r) => (r % 7 === 0 ? odd[(r / 7) % odd.length]! : value)) }
  })
  return { rows: frame.rows, columns }
}

function onlyColumns(frame: Frame, kind: 'numeric' | 'categorical'): Frame {
  return { rows: frame.rows, columns: frame.columns.filter((column) => column.kind === kind) }
}

describe.each(TASKS)('the ONNX graph of a %s model answers as predict does', (task) => {
  const rows = syntheticRows(task, 800, 21)
  const others = withOddities(syntheticRows(task, 800, 22).frame)
  const linear = fitModel(PROBLEMS[task], LINEAR, rows)
  const trees = fitModel(PROBLEMS[task], TREES, rows)

  it.each([
    ['linear', linear],
    ['trees', trees],
    ['blend', blend([linear, trees, fitModel(PROBLEMS[task], TREES, syntheticRows(task, 300, 23))], [1, 2, 3])],
  ])('%s, with missing, unseen and infinite inputs', async (_, model) => {
    expect(await parity(model, rows.frame)).toBeLessThan(1e-7)
    expect(await parity(model, others)).toBeLessThan(1e-7)
  })

  it.each(['numeric', 'categorical'] as const)('with %s features only', async (kind) => {
    const some = { ...rows, frame: onlyColumns(rows.frame, kind) }
    const model = blend([fitModel(PROBLEMS[task], LINEAR, some), fitModel(PROBLEMS[task], TREES, some)], [1, 1])
    expect(await parity(model, onlyColumns(others, kind))).toBeLessThan(1e-7)
  })

  it('for one row, and none', async () => {
    const model = blend([linear, trees], [1, 1])
    expect(await parity(model, pickRows({ ...rows, frame: others }, [7]).frame)).toBeLessThan(1e-7)
    expect((await answerOf(model, pickRows(rows, []).frame)).values).toHaveLength(0)
  })

  it('when members of a blend know other categories', async () => {
    const columns = rows.frame.columns.map((column) =>
      column.kind === 'categorical' && column.name === 'colour'
        ? { ...column, categories: column.categories.map((text) => (text === 'blue' ? 'never seen' : text)) }
        : column,
    )
    const other = { ...rows, frame: { rows: rows.frame.rows, columns } }
    const models = [trees, fitModel(PROBLEMS[task], TREES, other), fitModel(PROBLEMS[task], LINEAR, other)]
    expect(await parity(blend(models, [1, 1, 1]), others)).toBeLessThan(1e-7)
  })

  it('when no split was worth making, and when all is constant or missing', async () => {
    const stump = fitModel(PROBLEMS[task], { ...TREES, minChildWeight: 1e6 }, rows)
    expect(await parity(stump, rows.frame)).toBeLessThan(1e-7)
    const dull = numericFrame({ constant: new Array(800).fill(3), none: new Array(800).fill(Number.NaN) })
    const odd = numericFrame({ constant: [3, Infinity, Number.NaN], none: [1, Number.NaN, -Infinity] })
    for (const recipe of [LINEAR, TREES])
      expect(await parity(fitModel(PROBLEMS[task], recipe, { ...rows, frame: dull }), odd)).toBeLessThan(1e-7)
  })

  it('after a way through JSON', async () => {
    const model = JSON.parse(JSON.stringify(blend([linear, trees], [1, 1]))) as TabularModel
    expect(exportOnnx(model)).toEqual(exportOnnx(blend([linear, trees], [1, 1])))
  })
})

describe('the ONNX graph', () => {
  const rows = syntheticRows('multiclass', 300, 4)
  const model = fitModel(PROBLEMS.multiclass, LINEAR, rows)

  it('names the class of the largest probability', async () => {
    const { values, labels } = await answerOf(model, rows.frame)
    labels!.forEach((label, r) => {
      const row = [...values.subarray(3 * r, 3 * r + 3)]
      expect(label).toBe(model.classes![row.indexOf(Math.max(...row))])
    })
    expect(new Set(labels)).toEqual(new Set(['low', 'middle', 'high']))
  })

  it('has one input per feature, by name', async () => {
    const session = await InferenceSession.create(exportOnnx(model))
    expect(session.inputNames).toEqual(['age', 'income', 'colour', 'visits', 'member'])
    expect(session.inputMetadata.map((one) => (one.isTensor ? [one.type, one.shape[1]] : []))).toEqual([
      ['float32', 1],
      ['float32', 1],
      ['string', 1],
      ['float32', 1],
      ['string', 1],
    ])
    await session.release()
  })

  it('carries who made it, its task, its signature and what the caller adds', () => {
    const entry = { fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } } }
    const file = {
      fields: {
        producer_name: { type: 'string', id: 2 },
        metadata_props: { rule: 'repeated', type: 'Entry', id: 14 },
      },
    }
    const type = protobuf.Root.fromJSON({ nested: { Entry: entry, File: file } }).lookupType('File')
    const read = type.toObject(type.decode(exportOnnx(model, { run: '01J', task: 'not this' })))
    const props = Object.fromEntries(
      read.metadata_props.map((one: { key: string; value: string }) => [one.key, one.value]),
    )
    expect(read.producer_name).toBe('orrery')
    expect(props).toEqual({ producer: 'orrery', task: 'multiclass', run: '01J', signature: expect.any(String) })
    expect(JSON.parse(props.signature!)).toEqual({ features: model.features, classes: model.classes })
  })

  it('takes features with any name but those of its outputs', async () => {
    const frame = numericFrame({ constant_2: [1, 2, 3, 4], 'Concat_3 / ü': [2, 1, 2, 1] })
    const target = Float64Array.of(0, 1, 1, 0)
    expect(await parity(fitModel(PROBLEMS.binary, LINEAR, { frame, target }), frame)).toBeLessThan(1e-7)
    const label = fitModel(PROBLEMS.binary, LINEAR, { frame: numericFrame({ label: [1, 2, 3, 4] }), target })
    expect(() => exportOnnx(label)).toThrow(expect.objectContaining({ code: 'ORRERY_TRAINER_CANNOT_EXPORT' }))
    const unnamed = fitModel(PROBLEMS.binary, LINEAR, { frame: numericFrame({ '': [1, 2, 3, 4] }), target })
    expect(() => exportOnnx(unnamed)).toThrow('empty name')
  })
})
