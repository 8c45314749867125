import type { ColumnProfile, DataVersion } from '../contract.ts'

/** Texts with at most so many values are a closed list until somebody says otherwise. */
const MOST_VALUES = 20
/** Of a column's width, on either side of what was seen: the next table is not the same one. */
const SLACK = 0.25

/** An entry as it stands under `expect:`. */
export type Suggested = Record<string, unknown>

/**
 * What a table was like, as expectations to begin with: they all hold for the version they come from, and a person takes over
 * those that mean something. What columns are stops a pipeline (schema skew); what they hold warns (value skew).
 */
export function suggestExpectations({
  rows,
  profile,
}: Pick<DataVersion, 'rows'> & { profile: Pick<DataVersion['profile'], 'columns' | 'label'> }): Suggested[] {
  return [
    { rows: [Math.floor(rows / 2), null], otherwise: 'warn' },
    { columns_hold: profile.columns.map((column) => column.name) },
    ...profile.columns.flatMap((column) => ofColumn(column, rows, column.name === profile.label?.column)),
  ]
}

function ofColumn(column: ColumnProfile, rows: number, isLabel: boolean): Suggested[] {
  const { name, type, missing, distinct, numbers, categories } = column
  const holds = type === 'numeric' ? 'number' : type === 'timestamp' ? 'time' : undefined
  const entries: Suggested[] = []
  const warn = (rule: Suggested) => entries.push({ column: name, ...rule, otherwise: 'warn' })
  if (holds) entries.push({ column: name, type: holds })
  // Labels may come later; the others are missing by mistake.
  if (missing === 0 && !isLabel) warn({ not_null: true })
  else if (missing > 0 && missing < rows && !isLabel) warn({ missing_share: ['0%', upperShare(missing / rows)] })
  if (type === 'identifier' && missing === 0 && distinct === rows) entries.push({ column: name, unique: true })
  if (numbers && distinct > 2) warn({ between: rangeOf(numbers.min, numbers.max) })
  else if (numbers) warn({ in: [...new Set([numbers.min, numbers.max])] })
  if (categories && type === 'categorical' && categories.other === 0 && categories.top.length <= MOST_VALUES)
    warn({ in: categories.top.map(({ value }) => value).toSorted() })
  return entries
}

/** Twice what was seen and one in a hundred, in whole per cents. */
const upperShare = (share: number) => `${Math.min(100, Math.ceil(200 * share + 1))}%`

/** Wider than what was seen, with round ends; what was never negative stays so. */
function rangeOf(min: number, max: number): [number, number] {
  const slack = SLACK * (max - min || Math.abs(max) || 1)
  const unit = 10 ** Math.floor(Math.log10(max - min || Math.abs(max) || 1) - 1)
  const round = (value: number, to: 'floor' | 'ceil') => Number((Math[to](value / unit) * unit).toPrecision(12))
  const low = round(min - slack, 'floor')
  const ends: [number, number] = [min >= 0 ? Math.max(0, low) : low, round(max + slack, 'ceil')]
  // The largest doubles have no room beside them.
  return ends.every(Number.isFinite) ? ends : [min, max]
}
