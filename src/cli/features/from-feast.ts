import type { ProjectFileWritten } from '#projects/contract'

/** What `feast_repo.py` tells of a repository. */
export interface FeastRepo {
  project: string
  views: FeastView[]
  left: { kind: string; name: string }[]
}

export interface FeastView {
  name: string
  description: string
  owner: string
  /** Seconds; 0 is for ever. */
  ttl: number
  online: boolean
  entities: string[]
  fields: { name: string; type: string; description: string }[]
  source: {
    kind: string
    name: string
    path: string | null
    time: string
    created: string | null
    renamed: Record<string, string>
  } | null
  /** What its rows are streamed or pushed by, beside the file. */
  pushed: string
  /** The rows of the stream are computed before they are kept, by code or by aggregations. */
  transformed?: boolean
}

export interface CarriedOver {
  data: Record<string, { source: string }>
  features: NonNullable<ProjectFileWritten['features']>
  /** What has no place here, each with its reason. */
  left: string[]
}

const NUMBERS = /^(U?Int(8|16|32|64)|Float(32|64))$/
const TEXTS = /^(String|Bool|Uuid)$/

/** A Feast repository in the words of a project file. */
export function fromFeast(repo: FeastRepo): CarriedOver {
  const made: CarriedOver = { data: {}, features: {}, left: [] }
  for (const { kind, name } of repo.left)
    made.left.push(`${kind} ${name}: ${WHY[kind] ?? 'it has no counterpart here'}`)
  for (const view of repo.views) carryView(view, made)
  return made
}

const WHY: Record<string, string> = {
  'on-demand view':
    'its Python is not carried over; write its columns as expressions in a view with `on_demand: { views: […], request: { … } }`',
  'feature service': 'name its views under `features:` of the data set that is trained on',
}

function carryView(view: FeastView, made: CarriedOver): void {
  const { source } = view
  const leave = (why: string) => made.left.push(`view ${view.name}: ${why}`)
  if (source?.path == null) {
    leave(`its source is ${source ? `a ${source.kind}` : 'absent'}, not a file`)
    return
  }
  if (view.entities.length === 0) {
    leave('it has no entity')
    return
  }
  const columns: Record<string, 'number' | 'text' | { type: 'number' | 'text'; description: string }> = {}
  for (const { name, type, description } of view.fields) {
    const as = NUMBERS.test(type) ? 'number' : TEXTS.test(type) ? 'text' : undefined
    if (as === undefined) leave(`${name} is of type ${type}`)
    else columns[name] = description ? { type: as, description } : as
  }
  if (Object.keys(columns).length === 0) {
    leave('none of its features could be brought over')
    return
  }
  const name = freeName(view.name, made.features)
  if (name !== view.name) leave(`is called ${name} here`)
  const set = setFor(source.path, source.name, made.data)
  made.features[name] = {
    from: set,
    ...(Object.keys(source.renamed).length > 0 && { sql: renaming(set, source.renamed) }),
    ...(view.description && { description: view.description }),
    ...(view.owner && { owner: view.owner }),
    entities: view.entities,
    time: source.renamed[source.time] ?? source.time,
    ...(source.created !== null && { created: source.renamed[source.created] ?? source.created }),
    ...(view.ttl > 0 && { ttl: `${view.ttl}s` }),
    columns,
    ...(!view.online && { online: false }),
  }
  if (view.pushed !== 'NoneType') leave(streamLeft(view))
}

/** Its file is what joins read, as in Feast; whoever sent rows beside it has to send them here. */
function streamLeft({ pushed, transformed = false }: FeastView): string {
  const rows = transformed ? 'rows as they are after its transformation, which is not carried over,' : 'rows'
  return pushed === 'PushSource'
    ? `its PushSource is left: push ${rows} to POST /api/features/push`
    : `its ${pushed} is left: push ${rows} to POST /api/features/push, or feed a view from NATS with \`stream:\``
}

/** The data set that reads this file; one for all views that do. */
function setFor(path: string, name: string, data: CarriedOver['data']): string {
  const known = Object.entries(data).find(([, { source }]) => source === path)
  if (known) return known[0]
  const free = freeName((/([^/]+?)(\.[a-z0-9]+)?$/i.exec(name) ?? [])[1] ?? name, data)
  data[free] = { source: path }
  return free
}

function freeName(name: string, taken: object): string {
  const plain =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^[^a-z]+|_+$/g, '')
      .slice(0, 60) || 'view'
  let free = plain
  for (let n = 2; Object.hasOwn(taken, free); n++) free = `${plain}_${n}`
  return free
}

const quoted = (column: string) => `"${column.replaceAll('"', '""')}"`

function renaming(set: string, renamed: Record<string, string>): string {
  const gone = Object.keys(renamed).map(quoted).join(', ')
  const given = Object.entries(renamed).map(([from, to]) => `${quoted(from)} AS ${quoted(to)}`)
  return `SELECT * EXCLUDE (${gone}), ${given.join(', ')} FROM ${quoted(set)}`
}
