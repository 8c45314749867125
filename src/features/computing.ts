import { evaluator, type Values } from '#preparation'
import { featurePlace, requestPlace } from '#projects'
import type { AppliedOnDemand } from './catalog-store.ts'
import type { OnDemandDefinition } from './definition.ts'
import { RequestValueMissing, RequestValueMistyped } from './errors.ts'
import { readMoment } from './moment.ts'
import { programOf } from './on-demand.ts'

type Cell = number | string | boolean | null
type Asked = Readonly<Record<string, Cell | undefined>>

/** The columns of an on-demand view for one request. */
export type Compute = (
  asked: Asked,
  row: number,
  /** What is kept of a view it is computed from. */
  kept: (view: string, column: string) => number | string | null,
) => (number | string | null)[]

const MOST_KEPT = 1_000

/** Makes views into functions; each version of one once. */
export function openComputing(): (view: AppliedOnDemand) => Compute {
  const known = new Map<number, Compute>()
  return ({ id, definition }) => {
    let compute = known.get(id)
    if (!compute) {
      if (known.size >= MOST_KEPT) known.clear()
      compute = computeOf(definition)
      known.set(id, compute)
    }
    return compute
  }
}

/** What a request lacks to compute a view; `undefined` when it has everything. */
export function lackedBy(asked: Asked, { sources }: OnDemandDefinition): string | undefined {
  return sources.request.find(({ name }) => !Object.hasOwn(asked, name) || asked[name] === undefined)?.name
}

/** @throws RequestValueMissing, RequestValueMistyped */
export function computeOf(definition: OnDemandDefinition): Compute {
  const { sources, name: view } = definition
  const evaluate = evaluator(programOf(definition))
  const features = sources.views.flatMap(({ name, columns }) =>
    columns.map((column) => ({ view: name, column: column.name, place: featurePlace(name, column.name), ...column })),
  )
  return (asked, row, kept) => {
    const lacked = lackedBy(asked, definition)
    if (lacked !== undefined) throw new RequestValueMissing(row, lacked, view)
    const values: { -readonly [place in keyof Values]: Values[place] } = {}
    for (const { name, type } of sources.request) {
      const value = requestValue(asked[name]!, type)
      if (value === undefined) throw new RequestValueMistyped(row, name, WANTED[type])
      values[requestPlace(name)] = value
    }
    for (const one of features) {
      // What was sent stands, as it does for the model.
      const sent = Object.hasOwn(asked, one.column) ? asked[one.column] : undefined
      values[one.place] = sent === undefined ? kept(one.view, one.column) : (requestValue(sent, one.type) ?? null)
    }
    return evaluate(values)
  }
}

const WANTED = { number: 'a number', text: 'a text', time: 'a time' } as const

/** As `requestColumns` has it of a frame; `undefined` for what is not of its type. */
function requestValue(cell: Cell, type: keyof typeof WANTED): number | string | null | undefined {
  if (cell === null) return null
  if (type === 'text') return String(cell)
  if (type === 'number') return typeof cell === 'string' ? undefined : Number(cell)
  if (typeof cell === 'number') return Number.isFinite(cell) ? Math.floor(cell) : undefined
  return typeof cell === 'string' ? readMoment(cell) : undefined
}
