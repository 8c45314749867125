import { type Problem, fitModel, predict } from '#trainer'
import { type Frame, takeRows } from '#platform/table'

/** Each part is predicted by a model of the others: a model that saw a label agrees with it. */
const FOLDS = 4

export interface OutOfFold {
  /** Rows × classes: the probability of each class by a model that did not see the row. */
  probabilities: Float64Array
  classes: number
}

/** Out-of-fold probabilities of every row, by the embedded trainer with a small recipe. */
export function outOfFold(
  problem: Problem & { classes: readonly string[] },
  frame: Frame,
  target: Float64Array,
): OutOfFold {
  const classes = problem.classes.length
  const probabilities = new Float64Array(frame.rows * classes)
  for (let fold = 0; fold < FOLDS; fold++) {
    // By number within the class, so that every fold has every class that has rows enough.
    const [inside, outside] = parts(target, classes, fold)
    if (inside.length === 0) continue
    const train = { frame: takeRows(frame, outside), target: Float64Array.from(outside, (row) => target[row]!) }
    const model = fitModel(
      problem,
      { learner: 'boosted_trees', trees: 60, learningRate: 0.1, minCategoryWeight: 20 },
      train,
    )
    const answers = predict(model, takeRows(frame, inside))
    inside.forEach((row, i) => {
      if (classes === 2 && problem.task === 'binary') {
        probabilities[row * 2] = 1 - answers[i]!
        probabilities[row * 2 + 1] = answers[i]!
      } else for (let k = 0; k < classes; k++) probabilities[row * classes + k] = answers[i * classes + k]!
    })
  }
  return { probabilities, classes }
}

function parts(target: Float64Array, classes: number, fold: number): [inside: number[], outside: number[]] {
  const seen = new Int32Array(classes)
  const [inside, outside]: [number[], number[]] = [[], []]
  target.forEach((label, row) => {
    const mine = seen[label]!++ % FOLDS === fold
    ;(mine ? inside : outside).push(row)
  })
  return [inside, outside]
}

export interface LabelIssue {
  row: number
  given: number
  suggested: number
  /** Of the suggested class. */
  confidence: number
}

/**
 * Labels that are likely wrong, by confident learning (Northcutt, Jiang & Chuang 2021, "Confident learning: estimating
 * uncertainty in dataset labels", JAIR 70): the threshold of a class is the mean probability that rows with that label
 * have of it; a row is counted as the class of which its probability is above the threshold, the greatest where there
 * are several. Rows that are so counted as another class than they are labelled stand off the diagonal of the
 * confident joint. Least self-confidence first.
 */
export function labelIssues(target: Float64Array, { probabilities, classes }: OutOfFold): LabelIssue[] {
  const [sums, counts] = [new Float64Array(classes), new Float64Array(classes)]
  target.forEach((label, row) => {
    sums[label]! += probabilities[row * classes + label]!
    counts[label]!++
  })
  const thresholds = sums.map((sum, k) => (counts[k]! > 0 ? sum / counts[k]! : Number.POSITIVE_INFINITY))
  const found: (LabelIssue & { self: number })[] = []
  target.forEach((given, row) => {
    let suggested = -1
    for (let k = 0; k < classes; k++) {
      const p = probabilities[row * classes + k]!
      if (p >= thresholds[k]! && (suggested < 0 || p > probabilities[row * classes + suggested]!)) suggested = k
    }
    if (suggested < 0 || suggested === given) return
    const confidence = probabilities[row * classes + suggested]!
    found.push({ row, given, suggested, confidence, self: probabilities[row * classes + given]! })
  })
  return found.sort((a, b) => a.self - b.self).map(({ self: _, ...issue }) => issue)
}
