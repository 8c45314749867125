import type { Catalog } from './catalog.ts'
import { answeringView, type Entity, type Online } from './online.ts'

/**
 * Records with what their senders left out: the features of these views, as they are kept online now. A value that was
 * sent stands, and a feature that is not there, or too old, is null: the model knows what a missing value means.
 *
 * @throws EntityMissing for a record that has neither the features nor the keys to find them by
 */
export async function completeRecords<Record extends Entity>(
  { catalog, read }: { catalog: Catalog; read: Online['read'] },
  { project, views, records }: { project: string; views: readonly string[]; records: readonly Record[] },
): Promise<Record[]> {
  const answering = (await catalog.recent(project, views)).map(answeringView)
  const columns = answering.flatMap(({ definition }) => definition.columns.map(({ name }) => name))
  const lacking = records.filter((record) => columns.some((column) => !Object.hasOwn(record, column)))
  if (lacking.length === 0) return [...records]
  const { rows } = await read({ project, views, entities: lacking, fullNames: false })
  const found = new Map(lacking.map((record, i) => [record, rows[i]!.values]))
  return records.map((record) => {
    const values = found.get(record)
    return values ? { ...values, ...record } : record
  })
}
