import type { Duck } from '#data'
import type { Signature } from '#runtime/contract'
import { literal, named } from './rows.ts'

/** The scores as a table: `row`, and `s0`, `s1` … for each number of an answer. */
export async function appendScores(
  duck: Duck,
  { task }: Signature,
  rows: Float64Array,
  scores: Float64Array,
  outputs: number,
): Promise<void> {
  const width = task === 'multiclass' ? outputs : 1
  const names = Array.from({ length: width }, (_, k) => `s${k} DOUBLE`)
  await duck.run(`CREATE OR REPLACE TEMP TABLE scored (row DOUBLE, ${names.join(', ')})`)
  const columns = Array.from({ length: width }, (_, k) => {
    if (width === 1) return scores
    const column = new Float64Array(rows.length)
    for (let r = 0; r < rows.length; r++) column[r] = scores[r * width + k]!
    return column
  })
  await duck.append('scored', [rows, ...columns])
}

/** `value`, `label` and a probability for each class, as `POST /predict` gives them. */
export function outputsInSql({ task, classes }: Signature): string {
  if (task === 'regression') return 's0 AS value, NULL::VARCHAR AS label'
  const probability = (name: string, value: string) => `${value} AS ${named(`probability_${name}`)}`
  if (task === 'binary')
    return [
      's0 AS value',
      `CASE WHEN s0 >= 0.5 THEN ${literal(classes[1]!)} ELSE ${literal(classes[0]!)} END AS label`,
      probability(classes[0]!, '1 - s0'),
      probability(classes[1]!, 's0'),
    ].join(', ')
  const all = `[${classes.map((_, k) => `s${k}`).join(', ')}]`
  // The earlier class on a tie, as an endpoint answers.
  const best = `list_position(${all}, list_max(${all}))`
  return [
    `list_max(${all}) AS value`,
    `[${classes.map(literal).join(', ')}][${best}] AS label`,
    ...classes.map((name, k) => probability(name, `s${k}`)),
  ].join(', ')
}
