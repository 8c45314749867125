import type { Catalog } from './catalog.ts'
import type { AppliedOnDemand } from './catalog-store.ts'
import type { Compute } from './computing.ts'
import { answeringView, type Entity, type Online } from './online.ts'

/**
 * Records with what their senders left out: the features of these views, as they are kept online now, or computed from what
 * is kept and from the record. A value that was sent stands, and a feature that is not there, or too old, is null: the model
 * knows what a missing value means.
 *
 * @throws EntityMissing for a record that has neither the features nor the keys to find them by
 * @throws RequestValueMissing, RequestValueMistyped
 */
export async function completeRecords<Record extends Entity>(
  { catalog, read, compute }: { catalog: Catalog; read: Online['read']; compute: (view: AppliedOnDemand) => Compute },
  { project, views, records }: { project: string; views: readonly string[]; records: readonly Record[] },
): Promise<Record[]> {
  const { stored, onDemand, read: needed } = await catalog.recent(project, views)
  const own = featuresOf(stored.map(answeringView))
  const all = featuresOf(needed.map(answeringView))
  const computed = onDemand.flatMap(({ definition }) => definition.columns)
  const lacks = (record: Record, columns: readonly { name: string }[]) =>
    columns.some(({ name }) => !Object.hasOwn(record, name))
  const computing = records.map((record) => lacks(record, computed))
  // Who sent what is computed needs nothing that it is computed from.
  const lacking = records.filter((record, i) => lacks(record, computing[i] ? all : own))
  if (lacking.length === 0 && !computing.includes(true)) return [...records]
  const names = needed.map(({ definition }) => definition.name)
  const { rows } =
    lacking.length > 0 && names.length > 0
      ? await read({ project, views: names, entities: lacking, fullNames: true })
      : { rows: [] }
  const found = new Map(lacking.map((record, i) => [record, rows[i]?.values]))
  return records.map((record, i) => {
    const values = found.get(record)
    const kept = (view: string, column: string) => values?.[`${view}__${column}`] ?? null
    const filled: { [name: string]: number | string | null } = {}
    if (values) for (const { view, name } of own) filled[name] = kept(view, name)
    if (computing[i])
      for (const view of onDemand) {
        const cells = compute(view)(record, i, kept)
        view.definition.columns.forEach(({ name }, c) => {
          filled[name] = cells[c]!
        })
      }
    return values || computing[i] ? { ...filled, ...record } : record
  })
}

const featuresOf = (views: readonly ReturnType<typeof answeringView>[]) =>
  views.flatMap(({ definition }) => definition.columns.map(({ name }) => ({ view: definition.name, name })))
