import { readFile } from 'node:fs/promises'
import { type Frame, takeRows } from '#platform/table'
import { loadModel } from '#runtime'
import type { Signature } from '#runtime/contract'
import { ModelUnfit } from '../errors.ts'
import type { HeldBack } from './held-back.ts'
import type { TrainingTable } from './table.ts'
import type { Trained } from './trained.ts'
import type { GivenModel } from './training.ts'

/**
 * A model that somebody trained elsewhere, as one to be judged on the test rows of a table. It brings its own signature; what
 * it was trained on, only they know.
 *
 * @throws ModelUnfit
 */
export async function takeGivenModel(table: TrainingTable, given: GivenModel, split: HeldBack): Promise<Trained> {
  const { signature } = given
  checkFit(table, signature)
  const onnx = await readFile(given.onnx)
  const model = await loadModel(given.name, onnx, signature)
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
    trainedUntil: null,
    baselineRows: split.train,
    answersFor: (rows) => model.predict(takeRows(table.features, rows)),
    preparation: null,
    importance: [],
    trials: [],
    trainer: given.name,
    environment: {},
    summary: given.name,
    close: () => model.close(),
  }
}

function checkFit(
  { features, problem }: { features: Frame; problem: TrainingTable['problem'] },
  given: Signature,
): void {
  const kinds = new Map(features.columns.map(({ name, kind }) => [name, kind]))
  const misfit = given.features.find(({ name, kind }) => kinds.get(name) !== kind)
  if (misfit) {
    const has = kinds.get(misfit.name)
    throw new ModelUnfit(
      `it takes the ${misfit.kind} column "${misfit.name}", which ${has ? `is ${has}` : 'is not there'}`,
    )
  }
  const classes = problem.task === 'regression' ? [] : problem.classes
  if (problem.task !== given.task || classes.join('\n') !== given.classes.join('\n'))
    throw new ModelUnfit(
      `it answers ${answers(given.task, given.classes)}, where the label is ${answers(problem.task, classes)}`,
    )
}

const answers = (task: string, classes: readonly string[]) =>
  classes.length === 0 ? task : `${task} (${classes.slice(0, 10).join(', ')})`
