import type { Duck } from '#data'
import { type Program, programSql } from '#preparation'
import { compileOnDemand, featurePlace, requestPlace } from '#projects'
import { expressionsOf, type OnDemandDefinition } from './definition.ts'
import { FrameColumnMissing, FrameColumnMistyped, FrameTimeUnreadable } from './errors.ts'
import { momentSql } from './moment.ts'
import { inWords, isNumber, isTime, keyAs, microseconds } from './relation.ts'
import { name } from './sql.ts'

export function programOf({ sources, columns }: OnDemandDefinition): Program {
  return compileOnDemand(sources, expressionsOf(columns))
}

/** A column of a frame that a request would say. */
export interface RequestColumn {
  /** Where it is kept while columns are computed. */
  readonly place: string
  /** As SQL over the frame: a double, a text, or NULL. */
  readonly value: string
}

/** Views that a frame says too little for, each with a value of the request that it has no column for. */
export function lackingIn(
  columns: readonly string[],
  views: readonly OnDemandDefinition[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    views.flatMap(({ name: view, sources }) => {
      const lacked = sources.request.find(({ name: column }) => !columns.includes(column))
      return lacked ? [[view, lacked.name]] : []
    }),
  )
}

/**
 * The values of requests out of a frame's columns, each once.
 *
 * @param from the frame, as a relation with a `file_row_number`
 * @throws FrameColumnMissing, FrameColumnMistyped, FrameTimeUnreadable
 */
export async function requestColumns(
  duck: Duck,
  { from, types, views }: { from: string; types: ReadonlyMap<string, string>; views: readonly OnDemandDefinition[] },
): Promise<RequestColumn[]> {
  const found = new Map<string, RequestColumn>()
  for (const view of views)
    for (const { name: column, type: wanted } of view.sources.request) {
      const type = types.get(column)
      if (type === undefined)
        throw new FrameColumnMissing(column, `which "${view.name}" is computed from`, [...types.keys()])
      const value = valueIn(name(column), wanted, type)
      if (value === undefined) throw new FrameColumnMistyped(column, view.name, WANTED[wanted], inWords(type))
      if (wanted === 'time' && type === 'VARCHAR') await refuseOtherText(duck, from, column, value)
      found.set(`${column} ${wanted}`, { place: placeOf(column, wanted), value })
    }
  return [...found.values()]
}

const WANTED = { number: 'a number', text: 'a text', time: 'a time' } as const

function valueIn(cell: string, wanted: keyof typeof WANTED, type: string): string | undefined {
  if (wanted === 'number') return isNumber(type) || type === 'BOOLEAN' ? `(${cell})::DOUBLE` : undefined
  if (wanted === 'text') {
    if (isNumber(type)) return keyAs(cell, 'number', 'text')
    return isTime(type) ? undefined : `(${cell})::VARCHAR`
  }
  if (type === 'VARCHAR') return momentSql(cell)
  if (isNumber(type)) return `floor((${cell})::DOUBLE)`
  const moment = microseconds(cell, type)
  return moment && `floor(${moment} / 1000.0)`
}

async function refuseOtherText(duck: Duck, from: string, column: string, value: string): Promise<void> {
  const [bad] = await duck.rows<{ row: number; value: string }>(
    `SELECT file_row_number AS row, ${name(column)} AS value FROM ${from}
     WHERE ${name(column)} IS NOT NULL AND ${value} IS NULL ORDER BY row LIMIT 1`,
  )
  if (bad) throw new FrameTimeUnreadable(column, bad.row, bad.value)
}

/** Two views may take the same column as different things. */
const placeOf = (column: string, wanted: string) => `${requestPlace(column)} ${wanted}`

/**
 * Rows with the columns of on-demand views beside them, as SQL.
 *
 * @param from a relation with the features of the views they are computed from, at `featurePlace`, and `requestColumns` at theirs
 * @param keep columns of it that stay
 * @returns the relation, and where each view's columns are in it
 */
export function computedColumns(
  views: readonly OnDemandDefinition[],
  from: string,
  keep: readonly string[],
): { relation: string; places: string[][] } {
  let relation = from
  let kept = [...keep]
  const places: string[][] = []
  for (const [v, view] of views.entries()) {
    const rest = views.slice(v + 1).flatMap(placesRead)
    const through = [...new Set([...kept, ...rest])]
    // What a view reads is called as its expressions call it, whatever else it is to another view.
    const own = view.sources.request.map(
      ({ name: value, type }) => `${name(placeOf(value, type))} AS ${name(requestPlace(value))}`,
    )
    const computed = programSql(
      programOf(view),
      `(SELECT *${own.map((one) => `, ${one}`).join('')} FROM ${relation})`,
      through,
    )
    const here = view.columns.map((_, i) => `d${v}.${i}`)
    const renamed = here.map((place, i) => `p${i} AS ${name(place)}`)
    relation = `(SELECT ${[...through.map(name), ...renamed].join(', ')} FROM (${computed}))`
    kept = [...kept, ...here]
    places.push(here)
  }
  return { relation, places }
}

/** What a view is computed from, as it is placed. */
function placesRead({ sources }: OnDemandDefinition): string[] {
  return [
    ...sources.request.map(({ name: value, type }) => placeOf(value, type)),
    ...sources.views.flatMap(({ name: view, columns }) => columns.map((column) => featurePlace(view, column.name))),
  ]
}
