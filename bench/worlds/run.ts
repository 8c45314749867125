/**
 * Claim: the simulated telecom is a fair test. A model left alone keeps its ROC-AUC through the price campaign, loses
 * about a tenth of it to the competitor's offer, and one that is fitted again wins most of it back although its labels
 * are thirty days late. `node bench/worlds/run.ts [seeds]` prints the tables of docs/guide/simulated-telecom.md: mean,
 * least and most over that many seeds (5), and the drift of each column.
 */
import { baselineOf, distributionOf, populationStabilityIndex, rocAuc } from '#evaluation'
import { type Frame, takeRows } from '#platform/table'
import { fitModel, predict, type RecipeInput, type TabularModel } from '#trainer'
import { frameOf, rowMillis, type TelecomWorld, telecomWorld } from '#worlds'

const periods = [
  { name: 'calm', from: 0, until: 60 },
  { name: 'campaign', from: 74, until: 150 },
  { name: 'calm again', from: 180, until: 195 },
  { name: 'offer', from: 216, until: 366 },
  { name: 'offer, last quarter', from: 275, until: 366 },
  { name: 'the whole year', from: 0, until: 366 },
] as const

const trees: RecipeInput = { learner: 'boosted_trees', trees: 120 }
const logistic: RecipeInput = { learner: 'logistic', l2: 3 }
/** Days between a prediction and its label. */
const late = 30

interface Table {
  readonly world: TelecomWorld
  readonly frame: Frame
  readonly label: Float64Array
  readonly days: Float64Array
}

function drawTable(seed: number): Table {
  const world = telecomWorld({ seed })
  const start = Date.UTC(2025, 0, 1)
  return {
    world,
    frame: frameOf(world.rows, world.features),
    label: Float64Array.from(world.rows, (row) => (row.churned === 'yes' ? 1 : 0)),
    days: Float64Array.from(world.rows, (row) => (rowMillis(world, row) - start) / 86_400_000),
  }
}

function rowsBetween(table: Table, from: number, until: number): number[] {
  return [...table.days.keys()].filter((i) => table.days[i]! >= from && table.days[i]! < until)
}

function fitOn(table: Table, recipe: RecipeInput, rows: readonly number[], weights?: Float64Array): TabularModel {
  const target = Float64Array.from(rows, (i) => table.label[i]!)
  const labelled = { frame: takeRows(table.frame, rows), target, ...(weights ? { weights } : {}) }
  return fitModel({ task: 'binary', classes: ['no', 'yes'] }, recipe, labelled)
}

/** Scores of all live rows, by a model fitted anew every `every` days on what is known on that day. */
function scoresOnCalendar(table: Table, every: number, fitAt: (today: number) => TabularModel): Float64Array {
  const scores = new Float64Array(table.days.length)
  for (let today = 0; today < 366; today += every) {
    const rows = rowsBetween(table, today, today + every)
    const answers = predict(fitAt(today), takeRows(table.frame, rows))
    rows.forEach((row, i) => {
      scores[row] = answers[i]!
    })
  }
  return scores
}

function candidates(table: Table): Record<string, Float64Array> {
  const history = rowsBetween(table, -400, 0)
  return {
    'best possible': table.world.truth,
    'trees, left alone': predict(fitOn(table, trees, history), table.frame),
    'logistic, left alone': predict(fitOn(table, logistic, history), table.frame),
    'trees, monthly, half-life 45 days': scoresOnCalendar(table, 30, (today) => {
      const rows = rowsBetween(table, -400, today - late)
      return fitOn(
        table,
        trees,
        rows,
        Float64Array.from(rows, (i) => 0.5 ** ((today - late - table.days[i]!) / 45)),
      )
    }),
    'logistic, fortnightly, last 90 days': scoresOnCalendar(table, 14, (today) =>
      fitOn(table, logistic, rowsBetween(table, today - late - 90, today - late)),
    ),
  }
}

function printQuality(tables: readonly Table[]): void {
  const scored = tables.map((table) => ({ table, scores: candidates(table) }))
  console.log(`| ROC-AUC | ${periods.map((period) => period.name).join(' | ')} |`)
  console.log(`|---|${periods.map(() => '---').join('|')}|`)
  for (const name of Object.keys(scored[0]!.scores)) {
    const cells = periods.map(({ from, until }) => {
      const aucs = scored.map(({ table, scores }) => {
        const rows = rowsBetween(table, from, until)
        return rocAuc(
          Float64Array.from(rows, (i) => table.label[i]!),
          Float64Array.from(rows, (i) => scores[name]![i]!),
        )
      })
      const mean = aucs.reduce((sum, auc) => sum + auc, 0) / aucs.length
      return `${mean.toFixed(3)} (${Math.min(...aucs).toFixed(3)}–${Math.max(...aucs).toFixed(3)})`
    })
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
}

function printRates(tables: readonly Table[]): void {
  const rate = (from: number, until: number) => {
    const rates = tables.map((table) => {
      const rows = rowsBetween(table, from, until)
      return rows.reduce((sum, i) => sum + table.label[i]!, 0) / rows.length
    })
    return `${((100 * rates.reduce((sum, one) => sum + one, 0)) / rates.length).toFixed(1)} %`
  }
  console.log(
    `\nchurn: history ${rate(-400, 0)}, ${periods.map((p) => `${p.name} ${rate(p.from, p.until)}`).join(', ')}`,
  )
}

function printDrift(table: Table): void {
  const reference = baselineOf(takeRows(table.frame, rowsBetween(table, -400, 0)))
  console.log(
    `\n| PSI against the history, seed 1 | ${periods
      .slice(0, 4)
      .map((period) => period.name)
      .join(' | ')} |`,
  )
  console.log('|---|---|---|---|---|')
  const windows = periods
    .slice(0, 4)
    .map(({ from, until }) => distributionOf(takeRows(table.frame, rowsBetween(table, from, until)), reference))
  reference.features.forEach((feature, i) => {
    const cells = windows.map((window) =>
      populationStabilityIndex(feature.counts, window.features[i]!.counts).toFixed(3),
    )
    console.log(`| ${feature.name} | ${cells.join(' | ')} |`)
  })
}

const seeds = Number(process.argv[2] ?? 5)
const tables = Array.from({ length: seeds }, (_, i) => drawTable(i + 1))
printQuality(tables)
printRates(tables)
printDrift(tables[0]!)
