import { readFile } from 'node:fs/promises'
import { takeRows } from '#platform/table'
import type { CommandTraining, TrainingData } from '#projects/contract'
import { loadModel } from '#runtime'
import type { HeldBack } from './held-back.ts'
import { signatureOf } from './signature.ts'
import { pick, type TrainingTable, youngest } from './table.ts'
import type { Trained } from './trained.ts'
import type { LeftByCommand } from './training.ts'

/**
 * The model that a user's own command left, as one to be judged. Its signature is the table's: one input per feature.
 * The command was given no test rows, so it is judged on them.
 */
export async function takeCommandModel(
  table: TrainingTable,
  {
    set,
    training,
    split,
  }: { set: TrainingData; training: Omit<CommandTraining, 'environment'> & LeftByCommand; split: HeldBack },
): Promise<Trained> {
  const { problem } = table
  const signature = signatureOf(table.features, problem, set.label)
  const onnx = await readFile(training.onnx)
  const model = await loadModel(`the model of "${training.run}"`, onnx, signature)
  const { run } = training
  const command = typeof run === 'string' ? run : `${run.mlproject}, ${run.entry_point}`
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
    answersFor: (rows) => model.predict(takeRows(table.features, rows)),
    preparation: null,
    importance: [],
    trials: [],
    trainer: command,
    environment: training.environment,
    summary: command,
    close: () => model.close(),
  }
}
