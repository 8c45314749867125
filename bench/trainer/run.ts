/**
 * Claim: the embedded trainer is as good as LightGBM on small tables and takes at most three times its CPU on one
 * thread. `node bench/trainer/run.ts [rounds]` alternates the two on the same rows and hyperparameters, and prints both
 * ROC-AUC and the ratio of the medians of CPU seconds. Ours counts the whole process: compiler and collector too.
 */
import { rocAuc } from '#evaluation'
import { fitModel, type LabelledRows, predict, type TreesRecipe } from '#trainer'
import { type Peer, startPeer } from './peer.ts'
import { foldSplits, pick, stratifiedFolds } from './splits.ts'
import { elec2, hasTable, telco } from './tables.ts'

const RECIPE = {
  learner: 'boosted_trees',
  trees: 200,
  learningRate: 0.05,
  maxLeaves: 15,
  maxDepth: 64,
  l2: 5,
  minChildWeight: 20,
  minChildHessian: 1e-3,
  columnFraction: 1,
  rowFraction: 1,
} satisfies Partial<TreesRecipe> & { learner: string }

const PEER_PARAMS = {
  objective: 'binary',
  learning_rate: RECIPE.learningRate,
  num_leaves: RECIPE.maxLeaves,
  max_depth: -1,
  lambda_l2: RECIPE.l2,
  min_data_in_leaf: RECIPE.minChildWeight,
  min_sum_hessian_in_leaf: RECIPE.minChildHessian,
  max_bin: 255,
  num_threads: 1,
  deterministic: true,
  verbosity: -1,
}

const CASES: { name: string; table: 'telco' | 'elec2'; rows: () => LabelledRows; folds: number; use: number }[] = [
  { name: 'Telco churn, 5-fold', table: 'telco', rows: telco, folds: 5, use: 5 },
  { name: 'Elec2, 4/5 of 45,312 rows', table: 'elec2', rows: elec2, folds: 5, use: 1 },
  {
    name: 'Elec2, 10,000 of the first 12,500 rows',
    table: 'elec2',
    rows: () => pick(elec2(), first(12_500)),
    folds: 5,
    use: 1,
  },
]

const rounds = Number(process.argv[2] ?? 5)
const peer = startPeer((line) => console.log(line))
try {
  for (const one of CASES) {
    if (hasTable(one.table)) await compare(peer, one.name, one.rows(), one.folds, one.use)
    else console.log(`${one.name}: left out, ../shared/data has no such table`)
  }
} finally {
  peer.stop()
}

async function compare(peer: Peer, name: string, rows: LabelledRows, folds: number, use: number): Promise<void> {
  const { version } = await peer.load(rows)
  const splits = foldSplits(stratifiedFolds(rows.target, folds, 1)).slice(0, use)
  const ours: number[] = []
  const theirs: number[] = []
  let ourAuc = 0
  let theirAuc = 0
  for (let round = 0; round < rounds; round++) {
    let ourCpu = 0
    let theirCpu = 0
    ourAuc = 0
    theirAuc = 0
    for (const { train, test } of splits) {
      const truth = Float64Array.from(test, (row) => rows.target[row]!)
      const answer = await peer.fit({ train, test, params: PEER_PARAMS, rounds: RECIPE.trees })
      theirCpu += answer.cpu
      theirAuc += rocAuc(truth, Float64Array.from(answer.scores)) / splits.length

      const training = pick(rows, train)
      const before = process.cpuUsage()
      const model = fitModel({ task: 'binary', classes: ['0', '1'] }, RECIPE, training)
      const { user, system } = process.cpuUsage(before)
      ourCpu += (user + system) / 1e6
      ourAuc += rocAuc(truth, predict(model, pick(rows, test).frame)) / splits.length
    }
    ours.push(ourCpu)
    theirs.push(theirCpu)
  }
  const ratio = median(ours) / median(theirs)
  console.log(
    `${name}: ROC-AUC ${ourAuc.toFixed(4)} (LightGBM ${version} ${theirAuc.toFixed(4)}), ` +
      `CPU ${median(ours).toFixed(2)} s (${median(theirs).toFixed(2)} s), ratio ${ratio.toFixed(2)}, ` +
      `first fit ${ours[0]!.toFixed(2)} s, median of ${rounds}`,
  )
}

function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b)
  return ascending[Math.floor(ascending.length / 2)]!
}

function first(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
