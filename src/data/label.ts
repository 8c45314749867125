import type { DatasetSpec, LabelFacts } from './contract.ts'
import type { Duck } from './duckdb.ts'
import { LabelOneClass, LabelTooManyClasses, LabelUnfit } from './errors.ts'
import { MAX_CLASSES } from './limits.ts'
import type { Holds } from './read/raw-table.ts'
import { name } from './sql.ts'

/** As many different whole numbers as this are classes; more are a quantity, unless `task` says otherwise. */
const FEW = 10

const AFFIRMATIVE = /^(1|true|yes|y|t|positive)$/i

/**
 * What the label holds and what task that makes. A label that is missing everywhere gives no classes and no task of
 * its own: `missing` then equals `rows`.
 *
 * @throws LabelOneClass, LabelTooManyClasses, LabelUnfit
 */
export async function readLabel(
  duck: Duck,
  relation: string,
  spec: DatasetSpec & { label: string },
  stored: Holds,
): Promise<LabelFacts> {
  const column = name(spec.label)
  if (stored === 'time')
    throw new LabelUnfit(spec.label, 'holds times', 'Predict a number or a class, such as hours until that time.')
  const found = await duck.rows<{ value: string | number; count: number }>(
    `SELECT ${column} AS value, count(*) AS count FROM ${relation} WHERE ${column} IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT ${MAX_CLASSES + 1}`,
  )
  const { rows, known } = await duck.row<{ rows: number; known: number }>(
    `SELECT count(*) AS rows, count(${column}) AS known FROM ${relation}`,
  )
  const numbers = stored === 'number'
  const whole = numbers && found.every((one) => Number.isInteger(one.value))
  const inferred =
    found.length === 2 ? 'binary' : !numbers || (whole && found.length <= FEW) ? 'multiclass' : 'regression'
  const task = spec.task ?? inferred
  const facts = { column: spec.label, task, missing: rows - known }
  if (known > 0 && found.length === 1) throw new LabelOneClass(spec.label, String(found[0]!.value), known)
  if (task === 'regression') {
    if (!numbers)
      throw new LabelUnfit(
        spec.label,
        'holds text, which no regression predicts',
        'Name a column of numbers, or leave `task` out.',
      )
    return { ...facts, classes: [], counts: [] }
  }
  if (found.length > MAX_CLASSES)
    throw new LabelTooManyClasses(spec.label, await distinct(duck, relation, column), MAX_CLASSES)
  if (task === 'binary' && found.length > 2)
    throw new LabelUnfit(
      spec.label,
      `has ${found.length} different values, a binary task has two`,
      'Write `task: multiclass`, or merge values.',
    )
  const classes = inOrder(
    found.map((one) => ({ value: String(one.value), count: one.count })),
    task === 'binary' ? positiveOf(spec, found) : undefined,
  )
  return { ...facts, classes: classes.map((one) => one.value), counts: classes.map((one) => one.count) }
}

/** The positive class goes last, which of two is second. */
function inOrder<Class extends { value: string }>(classes: Class[], positive: string | undefined): Class[] {
  return positive === undefined
    ? classes
    : [...classes.filter((one) => one.value !== positive), ...classes.filter((one) => one.value === positive)]
}

function positiveOf(spec: DatasetSpec & { label: string }, found: { value: string | number }[]): string | undefined {
  const values = found.map((one) => String(one.value))
  if (spec.positive === undefined) return values.find((value) => AFFIRMATIVE.test(value))
  const written = spec.positive.trim()
  const match = values.find((value) => value === written || (written !== '' && Number(value) === Number(written)))
  if (match === undefined && values.length > 0)
    throw new LabelUnfit(
      spec.label,
      `never is "${written}", its positive value`,
      `Write one of ${values.map((value) => `"${value}"`).join(', ')} under \`positive\`.`,
    )
  return match
}

async function distinct(duck: Duck, relation: string, column: string): Promise<number> {
  const { count } = await duck.row<{ count: number }>(`SELECT count(DISTINCT ${column}) AS count FROM ${relation}`)
  return count
}
