import { readFile } from 'node:fs/promises'
import { selectColumns, takeRows } from '#platform/table'
import type { Preparation } from '#preparation'
import type { CommandTraining, TrainingData } from '#projects/contract'
import { type LoadedModel, loadModel, openTensorModel, outputNameOf } from '#runtime'
import type { GraphInput, Signature } from '#runtime/contract'
import { exportInFront } from '#trainer'
import { bindInputs } from './bind-inputs.ts'
import type { HeldBack } from './held-back.ts'
import { signatureOf } from './signature.ts'
import { pick, type TrainingTable, youngest } from './table.ts'
import type { Trained } from './trained.ts'
import type { LeftByCommand } from './training.ts'

/** As ONNX counts them. */
const ELEMENT_TYPES = { float32: 1, int64: 7, string: 8, bool: 9, float64: 11 } as const satisfies Record<
  GraphInput['type'],
  number
>

/**
 * The model that a user's own command left, as one to be judged. Its signature is the table's: one input per feature; where
 * a recipe prepares the columns it was trained on, the preparation is put in front of it. The command was given no test
 * rows, so it is judged on them.
 *
 * @throws ModelInputsUnfit
 */
export async function takeCommandModel(
  table: TrainingTable,
  {
    set,
    training,
    split,
  }: { set: TrainingData; training: Omit<CommandTraining, 'environment'> & LeftByCommand; split: HeldBack },
): Promise<Trained> {
  const { problem, prepared } = table
  const { run } = training
  const command = typeof run === 'string' ? run : `${run.mlproject}, ${run.entry_point}`
  const left = await readFile(training.onnx)
  const own = prepared && (await loadPrepared(command, left, prepared, { problem, label: set.label }))
  const raw = prepared
    ? selectColumns(
        table.features,
        prepared.preparation.inputs.map((input) => input.name),
      )
    : table.features
  const signature = signatureOf(raw, problem, set.label)
  const onnx = own ? inFront(prepared!.preparation, left, own.signature) : left
  const model = await loadModel(`the model of "${command}"`, onnx, signature)
  return {
    signature,
    onnx,
    model: null,
    evaluated: {
      rows: split.test,
      scores: await model.predict(takeRows(table.features, split.test)),
      predict: (frame) => model.predict(frame),
    },
    testRows: split.test,
    trainedUntil: table.times
      ? youngest(pick(table.times, Int32Array.from([...split.train, ...split.validation])))
      : null,
    baselineRows: split.train,
    // What the program's own model says of rows that DuckDB prepared: the package has to say the same of raw ones.
    answersFor: (rows) =>
      own ? own.predict(takeRows(prepared!.frame, rows)) : model.predict(takeRows(table.features, rows)),
    preparation: prepared?.preparation ?? null,
    importance: [],
    trials: [],
    trainer: command,
    environment: training.environment,
    summary: command,
    close: async () => {
      await model.close()
      await own?.close()
    },
  }
}

/** The model as it was left, which takes what the recipe leaves. */
async function loadPrepared(
  command: string,
  onnx: Uint8Array,
  { frame }: NonNullable<TrainingTable['prepared']>,
  { problem, label }: { problem: TrainingTable['problem']; label: string },
): Promise<LoadedModel> {
  const name = `the model of "${command}"`
  const graph = await openTensorModel(name, onnx)
  const { inputs } = graph
  await graph.close()
  const signature = signatureOf(frame, problem, label)
  return loadModel(name, onnx, {
    ...signature,
    // What is missing may have been filled in: nobody asks it about a row without any value.
    features: signature.features.map((feature) => ({ ...feature, required: true })),
    graph: { inputs: bindInputs(command, inputs, signature.features), output: outputNameOf(signature) },
  })
}

function inFront(preparation: Preparation, onnx: Uint8Array, signature: Signature): Uint8Array {
  const inputs = signature.graph!.inputs.map(({ name, type, features }) => ({
    ...{ name, elementType: ELEMENT_TYPES[type], columns: features },
  }))
  return exportInFront(preparation, onnx, { inputs, answer: outputNameOf(signature) })
}
