import { explainRow } from '#evaluation'
import { type Baseline, keptEnvironments } from '#pipelines'
import { type Column, type Frame, selectColumns } from '#platform/table'
import type { Registry } from '#registry'
import type { FeatureSpec } from '#registry/contract'
import { loadModel } from '#runtime'
import type { LoggedPrediction } from '#serving/contract'
import type { Trace } from './contract.ts'

/** Background rows a feature's value is replaced from: enough for a stable mean, few enough to answer while one waits. */
const BACKGROUND_ROWS = 100

/**
 * What each feature did to one answer, by replacing it with values of held-back rows. Explains the version with the
 * largest part; for regression and binary answers.
 */
export async function explainPrediction(
  { registry, environments }: { registry: Registry; environments: string },
  prediction: Pick<LoggedPrediction, 'model' | 'inputs'>,
  version: number,
): Promise<Trace['explanation']> {
  const { signature } = await registry.packaged(prediction.model, version)
  // What is measured of a picture did not make the answer: its pixels did, and the map over them says which.
  if (signature.task === 'multiclass' || signature.image) return null
  const baseline = (await registry.baseline(prediction.model, version)) as Baseline | undefined
  // A model that was never judged here brings no rows to take other values from.
  if (!baseline?.priced) return null
  const names = signature.features.map((feature) => feature.name)
  const row = selectColumns(frameOf(signature.features, [prediction.inputs]), names)
  const background = selectColumns(frameOf(signature.features, rowsOf(baseline.priced.rows)), names)
  const model = await loadModel(
    `${prediction.model}@${version}`,
    await registry.packageBytes(prediction.model, version),
    signature,
    // Hundreds of rows of what may be slow: others are answered meanwhile.
    { placement: 'auto', environments: keptEnvironments(environments) },
  )
  try {
    const explanation = await explainRow({ predict: (frame) => model.predict(frame), row, background })
    return {
      method: 'change of the answer when a feature takes the values of held-back rows (first-in and last-in, averaged)',
      contributions: explanation.contributions.map(({ feature, contribution }) => ({
        feature,
        value: String(prediction.inputs[feature] ?? 'missing'),
        contribution,
      })),
    }
  } finally {
    await model.close()
  }
}

type Cells = Readonly<Record<string, number | string | boolean | null | undefined>>

function rowsOf(columns: Record<string, (number | string | null)[]>): Cells[] {
  const [first] = Object.values(columns)
  const step = Math.max(1, Math.floor((first?.length ?? 0) / BACKGROUND_ROWS))
  const rows: Cells[] = []
  for (let r = 0; r < (first?.length ?? 0) && rows.length < BACKGROUND_ROWS; r += step)
    rows.push(Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[r]])))
  return rows
}

function frameOf(features: readonly FeatureSpec[], rows: readonly Cells[]): Frame {
  return { rows: rows.length, columns: features.map((feature) => columnOf(feature, rows)) }
}

function columnOf({ name, kind }: FeatureSpec, rows: readonly Cells[]): Column {
  if (kind === 'numeric') {
    const values = Float64Array.from(rows, (row) => (typeof row[name] === 'number' ? row[name] : Number.NaN))
    return { name, kind, values }
  }
  const texts = rows.map((row) => (row[name] == null ? '' : String(row[name])))
  const categories = [...new Set(texts.filter((text) => text !== ''))]
  return { name, kind, codes: Int32Array.from(texts, (text) => categories.indexOf(text)), categories }
}
