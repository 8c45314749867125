import { compileColumns, ExpressionInvalid, type GivenColumn, type Program } from '#preparation'
import { suggestion } from '../nearest.ts'
import type { FeatureView, OnDemandView } from './features.ts'
import { isOnDemand } from './features.ts'
import type { Finding } from './finding.ts'
import type { ProjectFile } from './project.ts'
import { quoted } from './wording.ts'

/** What an on-demand view is computed from, as plain data. */
export interface OnDemandSources {
  readonly request: readonly { readonly name: string; readonly type: 'number' | 'text' | 'time' }[]
  readonly views: readonly {
    readonly name: string
    readonly columns: readonly { readonly name: string; readonly type: 'number' | 'text' }[]
  }[]
}

/** Where a value of the request, and a feature of a view, is kept while columns are computed. */
export const requestPlace = (name: string) => `request ${name}`
export const featurePlace = (view: string, column: string) => `${view}.${column}`

/**
 * The columns of an on-demand view. A feature is called by its name, and by `col("view.name")` where several have it; a time
 * is a number, of milliseconds since 1970.
 *
 * @throws ExpressionInvalid
 */
export function compileOnDemand(
  { request, views }: OnDemandSources,
  expressions: Readonly<Record<string, string>>,
  at?: (name: string) => void,
): Program {
  const names = [...request.map(({ name }) => name), ...views.flatMap(({ columns }) => columns.map(({ name }) => name))]
  const once = (name: string) => (names.filter((other) => other === name).length === 1 ? [name] : [])
  const given: GivenColumn[] = [
    ...request.map(({ name, type }): GivenColumn => {
      return { names: [name], kind: type === 'text' ? 'text' : 'number', from: requestPlace(name) }
    }),
    ...views.flatMap(({ name: view, columns }) =>
      columns.map(({ name, type }): GivenColumn => {
        const place = featurePlace(view, name)
        return { names: [...once(name), place], kind: type, from: place }
      }),
    ),
  ]
  return compileColumns(given, expressions, at)
}

/** How each of its columns is computed, by name. */
export function expressionsOf({ columns }: Pick<OnDemandView, 'columns'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, written]) => [name, typeof written === 'string' ? written : written.is]),
  )
}

/** On-demand views that name what is not there, or compute what cannot be. */
export function onDemandViews(file: ProjectFile): Finding[] {
  return Object.entries(file.features).flatMap(([name, view]) => {
    if (!isOnDemand(view)) return []
    const path = ['features', name]
    const unknown = view.on_demand.views.flatMap((other, i) =>
      wrongView(file, other, [...path, 'on_demand', 'views', i]),
    )
    return unknown.length > 0 ? unknown : [...taken(view, path), ...computed(file, view, path)]
  })
}

function wrongView(file: ProjectFile, name: string, path: readonly PropertyKey[]): Finding[] {
  const view = file.features[name]
  const stored = Object.keys(file.features).filter((one) => !isOnDemand(file.features[one]!))
  if (!view)
    return [
      {
        path,
        wrong: `there is no feature view ${quoted(name)}`,
        todo: suggestion(name, stored) ?? `There are ${stored.join(', ')}.`,
      },
    ]
  if (isOnDemand(view))
    return [
      { path, wrong: `${quoted(name)} is computed on demand itself`, todo: 'Name the views that it is computed from.' },
    ]
  if (!view.online)
    return [
      {
        path,
        wrong: `${quoted(name)} is not kept online, where this is computed from it`,
        todo: `Remove \`online: false\` from features.${name}.`,
      },
    ]
  return []
}

/** A feature that had the name of what it is computed from would hide it in a request. */
function taken({ on_demand, columns }: OnDemandView, path: readonly PropertyKey[]): Finding[] {
  return Object.keys(columns)
    .filter((column) => Object.hasOwn(on_demand.request, column))
    .map((column) => ({
      path: [...path, 'columns', column],
      wrong: `${quoted(column)} is a value of the request`,
      todo: 'Give the feature a name of its own.',
    }))
}

function computed(file: ProjectFile, view: OnDemandView, path: readonly PropertyKey[]): Finding[] {
  let column = ''
  try {
    compileOnDemand(sourcesIn(file.features, view), expressionsOf(view), (name) => {
      column = name
    })
    return []
  } catch (error) {
    if (!(error instanceof ExpressionInvalid)) throw error
    const at = typeof view.columns[column] === 'string' ? [column] : [column, 'is']
    return [{ path: [...path, 'columns', ...at], wrong: error.why, todo: error.todo }]
  }
}

/** What a view of a project is computed from. Views that are not there, or are computed themselves, give nothing. */
export function sourcesIn(views: Readonly<Record<string, FeatureView>>, { on_demand }: OnDemandView): OnDemandSources {
  return {
    request: Object.entries(on_demand.request).map(([name, type]) => ({ name, type })),
    views: on_demand.views.flatMap((name) => {
      const view = views[name]
      if (!view || isOnDemand(view)) return []
      const columns = Object.entries(view.columns).map(([column, written]) => ({
        name: column,
        type: typeof written === 'string' ? written : written.type,
      }))
      return [{ name, columns }]
    }),
  }
}
