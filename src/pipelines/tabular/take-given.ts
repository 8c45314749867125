import { readFile } from 'node:fs/promises'
import { type Frame, takeRows } from '#platform/table'
import { loadModel } from '#runtime'
import type { Signature } from '#runtime/contract'
import { keptEnvironments } from '../environments.ts'
import { ModelUnfit } from '../errors.ts'
import type { HeldBack } from './held-back.ts'
import { withoutHeaders } from './without-headers.ts'
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
  const environments = keptEnvironments(given.environments)
  const model = await loadModel(given.name, onnx, signature, { environments })
  const asked = (frame: Frame) => model.predict(withoutHeaders(signature, frame))
  return {
    signature,
    onnx,
    model: null,
    evaluated: {
      rows: split.test,
      scores: await asked(takeRows(table.features, split.test)),
      predict: asked,
    },
    testRows: split.test,
    trainedUntil: null,
    baselineRows: split.train,
    answersFor: (rows) => asked(takeRows(table.features, rows)),
    preparation: null,
    importance: [],
    trials: [],
    trainer: given.name,
    environment: {},
    summary: given.name,
    // Whoever packaged it has held it to its answers.
    packaged: { parity: { maxAbsDifference: 0, maxScaledDifference: 0, rows: 0 }, requests: '', sheet: null },
    close: () => model.close(),
  }
}

function checkFit(
  { features, problem }: { features: Frame; problem: TrainingTable['problem'] },
  given: Signature,
): void {
  const kinds = new Map(features.columns.map(({ name, kind }) => [name, kind]))
  const misfit = given.features.find(({ name, kind, header }) => header === undefined && kinds.get(name) !== kind)
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
