import type { Signature } from '#registry/contract'
import { ModelFailed } from '#runtime'
import type { Prediction } from './contract.ts'
import type { ReadyEndpoint } from './endpoint-state.ts'
import { type Arm, combine, isOnCanary, type Route } from './router.ts'
import type { BatchScores, Scoring } from './score.ts'
import type { StoredPrediction } from './store.ts'

type Task = Signature['task']

/** One record's answer before it has a place in the log. */
export interface Scored {
  readonly model: string
  readonly project: string
  readonly route: Route
  readonly version: number
  /** P(positive) of a binary answer, P(its label) of a multiclass one, the number of a regression. */
  readonly value: number
  readonly label: string | null
  readonly probabilities: Record<string, number> | null
  /** What each version alone says, as JSON by version. */
  readonly scores: string
  /** The part of each version in the answer, as JSON by version. */
  readonly weights: string
  /** The same again with those that had not said it yet, where there are any: who is compared is not waited for. */
  readonly late?: Promise<string>
  /** Where a picture lies among those of the training, as columns of its logged record. */
  readonly embedding?: Readonly<Record<string, number>>
}

/** What decides the arm: what the endpoint keeps arms by, or the prediction id. */
export function armOf({ endpoint, stable, canary }: ReadyEndpoint, key: string): Arm {
  return canary && isOnCanary(key, endpoint.traffic.canary!.share) ? canary : stable
}

/** The answer of one row by its arm; when the canary has none, by the stable one. */
export function answerRow(
  state: ReadyEndpoint,
  { scores: batch, unsettled }: Scoring,
  row: number,
  of: Arm,
): Scored | Error {
  const { champion, endpoint, stable, canary } = state
  const { outputs, signature } = champion
  const scoreOf = (version: number, k: number) => batch.byVersion.get(version)?.[row * outputs + k] ?? Number.NaN
  let arm = of
  let answer = combine(arm.members, outputs, scoreOf)
  if (!answer && arm === canary) {
    arm = stable
    answer = combine(arm.members, outputs, scoreOf)
  }
  if (!answer) {
    const failure = arm.members.map(({ version }) => batch.failures.get(version)).find((one) => one !== undefined)
    return failure?.error instanceof Error ? failure.error : new ModelFailed(champion.name, 'it gave no number')
  }
  const { task, classes } = signature
  const output = task === 'multiclass' ? mostLikely(answer) : 0
  const said = () => scoresJson(state.scoring.keys(), (version) => scoreOf(version, output), batch, row, output)
  const late = unsettled()
  return {
    model: endpoint.model,
    project: endpoint.project,
    route: arm.route,
    version: arm.champion,
    value: answer[output]!,
    label: labelOf(task, classes, answer),
    probabilities: probabilitiesOf(task, classes, answer),
    scores: said(),
    ...(late.length > 0 && { late: Promise.all(late).then(said) }),
    weights: arm.weights,
    ...(batch.embedding && { embedding: embeddingColumns(batch.embedding, row) }),
  }
}

/** Seven digits are what a float32 has. */
function embeddingColumns({ width, values }: NonNullable<BatchScores['embedding']>, row: number) {
  const columns: Record<string, number> = {}
  for (let k = 0; k < width; k++) columns[`embedding_${k + 1}`] = Number(values[row * width + k]!.toPrecision(7))
  return columns
}

/** A column that the answer brought, and nobody sent. */
export const isEmbedding = (column: string) => /^embedding_\d+$/.test(column)

/** A logged answer as it was given; the probabilities of a binary one follow from its value. */
export function loggedAnswer(
  { task, classes }: Signature,
  {
    id,
    value,
    label,
    version,
    probabilities,
  }: Omit<Prediction, 'probabilities'> & Pick<StoredPrediction, 'probabilities'>,
): Prediction {
  const all = probabilities ?? (task === 'binary' ? probabilitiesOf(task, classes, [value]) : null)
  return { id, value, label, probabilities: all, version }
}

function labelOf(task: Task, classes: readonly string[], answer: Float64Array): string | null {
  if (task === 'regression') return null
  return classes[task === 'binary' ? (answer[0]! >= 0.5 ? 1 : 0) : mostLikely(answer)]!
}

function probabilitiesOf(
  task: Task,
  classes: readonly string[],
  answer: ArrayLike<number>,
): Record<string, number> | null {
  if (task === 'regression') return null
  if (task === 'binary') return { [classes[0]!]: 1 - answer[0]!, [classes[1]!]: answer[0]! }
  return Object.fromEntries(classes.map((name, k) => [name, answer[k]!]))
}

/** The position of the largest output; the earlier one on a tie. */
function mostLikely(answer: Float64Array): number {
  let best = 0
  for (let k = 1; k < answer.length; k++) if (answer[k]! > answer[best]!) best = k
  return best
}

/**
 * By version; of one that is put together of others also what each part says, as `3:fast`. By hand, because none of it needs escaping
 * and this runs for every answer.
 */
function scoresJson(
  versions: Iterable<number>,
  scoreOf: (version: number) => number,
  { partsByVersion, rows }: BatchScores,
  row: number,
  output: number,
): string {
  let json = ''
  for (const version of versions) {
    const score = scoreOf(version)
    if (Number.isFinite(score)) json += `${json ? ',' : ''}"${version}":${score}`
    const parts = partsByVersion.get(version)
    if (!parts) continue
    for (const [part, scores] of parts) {
      const width = scores.length / rows
      const said = scores[row * width + (width > 1 ? output : 0)]!
      if (Number.isFinite(said)) json += `${json ? ',' : ''}"${version}:${part}":${said}`
    }
  }
  return `{${json}}`
}
