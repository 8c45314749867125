import type { PredictionRecord } from '#runtime'
import type { FeatureSpec } from '#runtime/contract'

const MOST_EXAMPLES = 200
const DRAWN_ROWS = 200

/** The rows of an input example, as the `mlflow` client writes one; none where it has another form. */
export function exampleRecords(text: string, features: readonly FeatureSpec[]): PredictionRecord[] {
  let example: unknown
  try {
    example = JSON.parse(text)
  } catch {
    return []
  }
  const { columns, data } = asTable(example, features)
  const places = features.map(({ name }) => columns.indexOf(name))
  if (places.includes(-1)) return []
  const rows = data.filter((row): row is unknown[] => Array.isArray(row)).slice(0, MOST_EXAMPLES)
  return rows
    .map((row) => Object.fromEntries(features.map(({ name }, f) => [name, row[places[f]!]])) as PredictionRecord)
    .filter((record) => features.every(({ name, kind }) => fits(record[name], kind)))
}

function asTable(example: unknown, features: readonly FeatureSpec[]): { columns: unknown[]; data: unknown[] } {
  if (Array.isArray(example)) return { columns: features.map(({ name }) => name), data: example }
  const { columns, data } = (example ?? {}) as { columns?: unknown; data?: unknown }
  return Array.isArray(columns) && Array.isArray(data) ? { columns, data } : { columns: [], data: [] }
}

const fits = (value: unknown, kind: FeatureSpec['kind']) =>
  kind === 'numeric' ? typeof value === 'number' : typeof value === 'string' || typeof value === 'boolean'

/** Rows in the ranges of the example; of small numbers where there is none. The same for the same example. */
export function drawRecords(
  features: readonly FeatureSpec[],
  example: readonly PredictionRecord[],
): PredictionRecord[] {
  const random = sequence()
  const columns = features.map(({ name, kind, categories }) => {
    const seen = example.map((record) => record[name]!)
    if (kind === 'categorical') {
      const texts = seen.length > 0 ? seen : (categories ?? [''])
      return () => texts[Math.floor(random() * texts.length)]!
    }
    const numbers = seen as number[]
    const low = numbers.length > 0 ? Math.min(...numbers) : -3
    const high = numbers.length > 0 ? Math.max(...numbers) : 3
    const spread = high - low || Math.abs(high) || 1
    return () => low - 0.1 * spread + 1.2 * spread * random()
  })
  return Array.from({ length: DRAWN_ROWS }, () =>
    Object.fromEntries(features.map(({ name }, f) => [name, columns[f]!()])),
  )
}

/** Numbers in [0, 1) that look random: a linear congruence, the same every time. */
function sequence(): () => number {
  let state = 7
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}
