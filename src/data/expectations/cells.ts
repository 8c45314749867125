import type { Holds } from '../read/raw-table.ts'
import { name, text } from '../sql.ts'

/** A column that is checked. */
export interface Subject {
  column: string
  /** Its cell as SQL. */
  cell: string
  holds: Holds
  /** Its cell as the text that a person wrote: 5 and not 5.0. */
  asText: string
  present: string
}

export function subjectOf(column: string, holds: Holds): Subject {
  const cell = name(column)
  return { column, cell, holds, asText: asText(cell, holds), present: `${cell} IS NOT NULL` }
}

export function asText(cell: string, holds: Holds): string {
  if (holds === 'text') return cell
  if (holds === 'time') return `CAST(${cell} AS VARCHAR)`
  return `CASE WHEN ${cell} = floor(${cell}) AND abs(${cell}) < 1e18 THEN CAST(CAST(${cell} AS BIGINT) AS VARCHAR) ELSE CAST(${cell} AS VARCHAR) END`
}

/** The values of a list that the column could hold, as SQL. */
export function literals({ holds }: Pick<Subject, 'holds'>, values: readonly string[]): string[] {
  if (holds === 'number') return values.map(Number).filter(Number.isFinite).map(String)
  if (holds === 'time') return values.filter((one) => !Number.isNaN(Date.parse(one))).map(moment)
  return values.map((one) => text(one.trim()))
}

/** One end of a range as SQL; `undefined` where the column cannot be compared with it. */
export function literal({ holds }: Pick<Subject, 'holds'>, end: number | string): string | undefined {
  if (holds === 'number') return Number.isFinite(Number(end)) && end !== '' ? String(Number(end)) : undefined
  if (holds === 'time') return typeof end === 'number' || Number.isNaN(Date.parse(end)) ? undefined : moment(end)
  return typeof end === 'string' ? text(end) : undefined
}

const moment = (written: string) => `CAST(CAST(${text(written)} AS TIMESTAMPTZ) AS TIMESTAMP)`

/** The cells of columns as one column of texts, `value`, beside the place of their column, `i`: a relation as SQL. */
export function cellsOf(columns: readonly (readonly [column: string, holds: Holds])[], relation: string): string {
  const cells = columns.map(([column, holds]) => asText(name(column), holds))
  return `(SELECT unnest([${cells.join(', ')}]) AS value, unnest([${columns.map((_, i) => i).join(', ')}]) AS i FROM ${relation})`
}
