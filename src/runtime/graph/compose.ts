import type { FeatureSpec, Signature } from '../contract.ts'
import { ModelBroken } from '../errors.ts'
import type { EncodedRows, FeatureColumn, PredictionRecord } from '../records.ts'
import { checkTensors, type Tensor, type Tensors } from '../tensor.ts'
import type { TensorModel } from '../tensor-model.ts'
import { type RowCondition, rowCondition } from './conditions.ts'
import type { GraphInputs, GraphStep } from './contract.ts'

/** A loaded model, as a part of others. */
export interface Part {
  readonly signature: Signature
  readonly outputs: number
  readonly bytes: number
  readonly graph: TensorModel
  feeds(rows: EncodedRows): Tensors
  run(feeds: Tensors, rows: number): Promise<Float64Array>
  close(): Promise<void>
}

/** Outputs of a graph whose names begin so are what one part alone answers. */
export const PART_OUTPUT = 'part:'

/**
 * What a graph takes: the features of its parts, but for what parts before them answer, and what its conditions read besides. What it
 * gives: as its last parts do.
 */
export function graphSignature(
  name: string,
  answer: GraphStep,
  parts: ReadonlyMap<string, Pick<Part, 'signature'>>,
  inputs: GraphInputs = {},
): Signature {
  const features = new Map<string, FeatureSpec>()
  for (const { signature } of parts.values())
    for (const feature of signature.features) {
      if (parts.has(feature.name)) continue
      const before = features.get(feature.name)
      if (before && before.kind !== feature.kind)
        throw new ModelBroken(name, `"${feature.name}" is ${before.kind} for one part and ${feature.kind} for another`)
      features.set(feature.name, { ...(before ?? feature), ...(feature.required && { required: true }) })
    }
  for (const [input, from] of Object.entries(inputs)) {
    const kind = typeof from === 'string' ? from : 'categorical'
    const before = features.get(input)
    if (before && before.kind !== kind)
      throw new ModelBroken(name, `its input "${input}" is ${kind}, and ${before.kind} for one of its parts`)
    features.set(input, {
      ...(before ?? { name: input, kind }),
      ...(typeof from !== 'string' && { header: from.header }),
    })
  }
  const giving = answering(name, answer, parts)
  const [first] = giving
  const { task, classes, label } = first!.signature
  const other = giving.find(
    ({ signature }) => signature.task !== task || signature.classes.join('\n') !== classes.join('\n'),
  )
  if (other) throw new ModelBroken(name, 'its parts answer different tasks or classes, which cannot be put together')
  return { task, classes, label, features: [...features.values()] }
}

/** The parts whose answers become the answer. */
function answering<One>(name: string, step: GraphStep, parts: ReadonlyMap<string, One>): One[] {
  if (typeof step === 'string') {
    const part = parts.get(step)
    if (!part) throw new ModelBroken(name, `it names a part "${step}" that it does not have`)
    return [part]
  }
  if ('chain' in step) return step.chain.flatMap((one) => answering(name, one, parts)).slice(-1)
  if ('combine' in step) {
    if (step.weights && step.weights.length !== step.combine.length)
      throw new ModelBroken(name, `it has ${step.weights.length} weights for ${step.combine.length} parts`)
    return step.combine.flatMap((one) => answering(name, one, parts))
  }
  return step.switch.flatMap(({ use }) => answering(name, use, parts))
}

/** What each part alone answered of all rows. */
interface Said {
  readonly rows: number
  readonly parts: Map<string, Float64Array>
}

/** Rows on their way through a graph, with what parts before have answered of them. */
interface Run {
  readonly rows: EncodedRows
  /** The places of these rows in the whole. */
  readonly places: readonly number[]
  readonly answered: ReadonlyMap<string, FeatureColumn>
}

/**
 * Parts as one model: features in, one column each, and the answer of the graph out, beside what each part alone answers (`NaN` in
 * rows that it was not asked).
 */
export function composeModels(
  name: string,
  signature: Signature,
  answer: GraphStep,
  parts: ReadonlyMap<string, Part>,
): TensorModel {
  const { features, task, classes } = signature
  const outputs = task === 'multiclass' ? classes.length : 1
  const answerName = task === 'regression' ? 'prediction' : 'probabilities'
  const models = [...parts.values()]
  const places = new Map(features.map((feature, place) => [feature.name, place]))
  const conditions = new Map<string, RowCondition>()

  const conditionOf = (text: string): RowCondition => {
    let condition = conditions.get(text)
    if (!condition) {
      try {
        condition = rowCondition(text)
      } catch (error) {
        throw new ModelBroken(name, `its condition "${text}" cannot be read (${(error as Error).message})`, error)
      }
      conditions.set(text, condition)
    }
    return condition
  }
  compileAll(answer)

  function compileAll(step: GraphStep): void {
    if (typeof step === 'string') return
    if ('switch' in step)
      for (const { when, use } of step.switch) {
        if (when !== undefined) conditionOf(when)
        compileAll(use)
      }
    else for (const one of 'chain' in step ? step.chain : step.combine) compileAll(one)
  }

  async function runPart(part: string, run: Run, said: Said): Promise<Float64Array> {
    const model = parts.get(part)!
    const columns = model.signature.features.map(
      (feature) => run.answered.get(feature.name) ?? run.rows.columns[places.get(feature.name)!]!,
    )
    const scores = await model.run(model.feeds({ rows: run.rows.rows, columns }), run.rows.rows)
    const own = said.parts.get(part) ?? new Float64Array(said.rows * model.outputs).fill(Number.NaN)
    said.parts.set(part, own)
    run.places.forEach((place, r) => {
      own.set(scores.subarray(r * model.outputs, (r + 1) * model.outputs), place * model.outputs)
    })
    return scores
  }

  async function evaluate(step: GraphStep, run: Run, said: Said): Promise<Float64Array> {
    if (typeof step === 'string') return runPart(step, run, said)
    if ('chain' in step) {
      let so = run
      for (const one of step.chain.slice(0, -1)) {
        const scores = await evaluate(one, so, said)
        if (typeof one !== 'string') continue
        so = { ...so, answered: new Map([...so.answered, [one, answerAsFeature(scores, parts.get(one)!)]]) }
      }
      return evaluate(step.chain.at(-1)!, so, said)
    }
    if ('combine' in step) {
      const all = await Promise.all(step.combine.map((one) => evaluate(one, run, said)))
      return combineScores(all, step.weights ?? all.map(() => 1), step.by === 'vote' ? task : undefined, outputs)
    }
    return evaluateSwitch(step.switch, run, said)
  }

  async function evaluateSwitch(
    branches: { when?: string | undefined; use: GraphStep }[],
    run: Run,
    said: Said,
  ): Promise<Float64Array> {
    const chosen = branches.map((): number[] => [])
    for (let r = 0; r < run.rows.rows; r++) {
      const record = recordOf(features, run.rows, r)
      const branch = branches.findIndex(({ when }) => when === undefined || conditionOf(when)(record))
      chosen[branch]?.push(r)
    }
    const scores = new Float64Array(run.rows.rows * outputs).fill(Number.NaN)
    await Promise.all(
      chosen.map(async (rows, b) => {
        if (rows.length === 0) return
        const part = await evaluate(branches[b]!.use, taken(run, rows), said)
        for (const [i, r] of rows.entries()) scores.set(part.subarray(i * outputs, (i + 1) * outputs), r * outputs)
      }),
    )
    return scores
  }

  const inputs = features.map(({ name: feature, kind }) => ({
    name: feature,
    datatype: kind === 'numeric' ? ('FP32' as const) : ('BYTES' as const),
    shape: [-1, 1],
  }))
  return {
    name,
    inputs,
    outputs: [
      { name: answerName, datatype: 'FP64', shape: [-1, task === 'binary' ? 2 : outputs] },
      ...[...parts].map(([part, model]) => ({
        ...{ name: `${PART_OUTPUT}${part}`, datatype: 'FP64' as const, shape: [-1, model.outputs] },
      })),
    ],
    bytes: models.reduce((sum, { bytes }) => sum + bytes, 0),
    placement: models.some(({ graph }) => graph.placement === 'process') ? 'process' : 'inline',
    microseconds: models.reduce((sum, { graph }) => sum + (graph.microseconds ?? 0), 0) || undefined,
    problem: () => models.map(({ graph }) => graph.problem()).find((problem) => problem !== undefined),
    run: async (feeds) => {
      checkTensors(name, inputs, feeds)
      const columns = features.map(({ name: feature }) => feeds[feature]!.data as FeatureColumn)
      const rows = columns[0]?.length ?? 0
      const said: Said = { rows, parts: new Map() }
      const run: Run = {
        rows: { rows, columns },
        places: Array.from({ length: rows }, (_, r) => r),
        answered: new Map(),
      }
      const scores = await evaluate(answer, run, said)
      const given: Record<string, Tensor> = { [answerName]: answerTensor(scores, rows, task === 'binary', outputs) }
      for (const [part, data] of said.parts)
        given[`${PART_OUTPUT}${part}`] = { datatype: 'FP64', shape: [rows, data.length / rows], data }
      return given
    },
    close: async () => void (await Promise.all(models.map((model) => model.close()))),
  }
}

function answerTensor(scores: Float64Array, rows: number, isBinary: boolean, outputs: number): Tensor {
  if (!isBinary) return { datatype: 'FP64', shape: [rows, outputs], data: scores }
  const both = new Float64Array(2 * rows)
  for (let r = 0; r < rows; r++) {
    both[2 * r] = 1 - scores[r]!
    both[2 * r + 1] = scores[r]!
  }
  return { datatype: 'FP64', shape: [rows, 2], data: both }
}

/** What a part answers, for the parts behind it: P(positive) or a number; of several classes the most likely one. */
function answerAsFeature(scores: Float64Array, { outputs, signature }: Part): FeatureColumn {
  if (signature.task !== 'multiclass') return Float32Array.from(scores)
  return Array.from({ length: scores.length / outputs }, (_, r) => {
    const row = scores.subarray(r * outputs, (r + 1) * outputs)
    return signature.classes[row.indexOf(Math.max(...row))] ?? ''
  })
}

/**
 * The weighted mean; with `task`, of votes: each says its most likely class, and a regression the median of what all say counts.
 * @param outputs numbers per row
 */
export function combineScores(
  all: readonly Float64Array[],
  weights: readonly number[],
  vote: Signature['task'] | undefined,
  outputs: number,
): Float64Array {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const rows = all[0]!.length / outputs
  const combined = new Float64Array(rows * outputs)
  for (let r = 0; r < rows; r++) {
    const from = r * outputs
    if (vote === 'regression') {
      combined[r] = weightedMedian(
        all.map((scores) => scores[r]!),
        weights,
      )
      continue
    }
    all.forEach((scores, m) => {
      const row = scores.subarray(from, from + outputs)
      const part = weights[m]! / sum
      if (vote === 'multiclass') combined[from + row.indexOf(Math.max(...row))]! += part
      else if (vote === 'binary') combined[from]! += row[0]! >= 0.5 ? part : 0
      else for (let k = 0; k < outputs; k++) combined[from + k]! += part * row[k]!
    })
  }
  return combined
}

/** The least value at or below which half of the weight lies. */
function weightedMedian(values: readonly number[], weights: readonly number[]): number {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const half = weights.reduce((total, weight) => total + weight, 0) / 2
  let weight = 0
  for (const i of order) {
    weight += weights[i]!
    if (weight >= half) return values[i]!
  }
  return Number.NaN
}

function taken({ rows, places, answered }: Run, chosen: readonly number[]): Run {
  const of = (column: FeatureColumn): FeatureColumn =>
    column instanceof Float32Array ? Float32Array.from(chosen, (r) => column[r]!) : chosen.map((r) => column[r]!)
  return {
    rows: { rows: chosen.length, columns: rows.columns.map(of) },
    places: chosen.map((r) => places[r]!),
    answered: new Map([...answered].map(([part, column]) => [part, of(column)])),
  }
}

function recordOf(features: readonly FeatureSpec[], { columns }: EncodedRows, r: number): PredictionRecord {
  return Object.fromEntries(
    features.map(({ name }, f) => {
      const cell = columns[f]![r]!
      return [name, typeof cell === 'number' ? (Number.isNaN(cell) ? null : cell) : cell === '' ? null : cell]
    }),
  )
}
