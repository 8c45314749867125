import { readFile } from 'node:fs/promises'
import { takeRows } from '#platform/table'
import type { CommandTraining, DataSpec } from '#projects/contract'
import { loadModel } from '#runtime'
import type { Signature } from '#runtime/contract'
import type { HeldBack } from './held-back.ts'
import type { TrainingTable } from './table.ts'
import type { Trained } from './trained.ts'

/**
 * The model that a user's own command left, as one to be judged. Its signature is the table's: one input per feature.
 * Whoever wrote the command is trusted to have fitted on the train part only, as a person with the test rows always is.
 */
export async function takeCommandModel(
  table: TrainingTable,
  { set, training, split }: { set: DataSpec; training: CommandTraining & { onnx: string }; split: HeldBack },
): Promise<Trained> {
  const { problem } = table
  const signature: Signature = {
    task: problem.task,
    features: table.features.columns.map((column) =>
      column.kind === 'numeric'
        ? { name: column.name, kind: 'numeric' as const }
        : { name: column.name, kind: 'categorical' as const, categories: [...column.categories] },
    ),
    classes: problem.task === 'regression' ? [] : [...problem.classes],
    label: set.label,
  }
  const onnx = await readFile(training.onnx)
  const model = await loadModel(`the model of "${training.run}"`, onnx, signature)
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
    baselineRows: split.train,
    predict: (frame) => model.predict(frame),
    importance: [],
    trials: [],
    trainer: training.run,
    summary: training.run,
    close: () => model.close(),
  }
}
