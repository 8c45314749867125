import type { Duck } from '#data'
import { type Numbered, numberEntities } from '../numbering.ts'
import type { KeyKind, Relation, ViewInput } from '../relation.ts'
import { text } from '../sql.ts'
import { keyOf, openOrderedViews, type OrderedDraft, type OrderedPlace, type OrderedViews } from './ordered-views.ts'
import { openPartitions, type Partitions } from './partitions.ts'
import type { Part, Shape } from './part.ts'
import { PartDamaged } from './parts-file.ts'

/** Counts up with the form of what is kept: what was kept in another is not found. */
const FORM = 1

/** Fewer rows are ordered as quickly as they are read. */
const FEWEST_KEPT = 50_000

type Entities = Pick<Numbered, 'entities' | 'first'> & { readonly table: string | undefined }

/** @param partsOf the rows in order; those of ranges of entities (first, and after the last) in which one is wanted */
type Use = (
  entities: Entities,
  partsOf: (isWanted: (first: number, end: number) => boolean) => Generator<Part>,
) => Promise<void>

export interface OrderOptions {
  readonly kinds: readonly KeyKind[]
  /** Which columns are kept beside the time: `r`, `f0…` */
  readonly kept: readonly string[]
  readonly ordered: OrderedPlace | undefined
  readonly spillTo: string
  /** A name for what keys are looked up in, if they are. */
  readonly table: string
  /** What this join asks for: entities, and the first and last event time in µs. */
  readonly only: { readonly entities: Numbered; readonly span: readonly [number, number] }
  readonly use: Use
}

/**
 * Lends the rows of a view in order: those that an earlier join left, if they are there; else they are ordered now, and left
 * for later joins. What may not be left is ordered for this join alone, without what it does not ask for.
 *
 * `use` may be called once more from the start, when what was left turns out to be damaged.
 *
 * @throws PartTooLarge
 */
export async function orderedRows(
  duck: Duck,
  input: ViewInput,
  relation: Relation,
  options: OrderOptions,
): Promise<void> {
  const { kinds, kept, ordered, use } = options
  const key = ordered && (await keyOfView(duck, input, { kinds, kept }))
  const views = key === undefined ? undefined : openOrderedViews(ordered!)
  if (views && (await useLeft(views, key!, use))) return
  const rows = await rowsOf(duck, relation)
  const bytes = rows * (1 + kept.length) * 8
  if (views && rows >= (ordered!.fewestRows ?? FEWEST_KEPT) && bytes <= ordered!.mostBytes)
    await orderAndLeave(duck, relation, { views, key: key!, rows }, options)
  else await orderNow(duck, relation, rows, options)
}

/** @returns whether it was there, and whole */
export async function useLeft(views: OrderedViews, key: string, use: Use): Promise<boolean> {
  const found = await views.find(key)
  if (!found) return false
  const { entities, numbering } = found
  const table = 'table' in numbering ? `read_parquet(${text(numbering.table)})` : undefined
  const first = 'first' in numbering ? numbering.first : undefined
  try {
    await use({ entities, first, table }, (isWanted) =>
      found.parts((place) => place.rows > 0 && isWanted(place.first, place.first + place.entities)),
    )
    return true
  } catch (error) {
    if (!(error instanceof PartDamaged || isGone(error))) throw error
    await views.remove(key)
    return false
  }
}

/** Another join made room meanwhile, or somebody emptied the folder. */
function isGone(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || /No such file|No files found/i.test(message)
}

/** All rows, in order, as they pass on their way to the folder. */
async function orderAndLeave(
  duck: Duck,
  relation: Relation,
  { views, key, rows }: { views: OrderedViews; key: string; rows: number },
  options: OrderOptions,
): Promise<void> {
  const { kinds, kept, use, table } = options
  const whole = kinds.map((_, i) => `k${i} IS NOT NULL`).join(' AND ')
  const from = relation.select(kinds, { unchecked: true })
  const known = `(SELECT * FROM (${from}) WHERE ${whole} AND e IS NOT NULL)`
  // Their times are not read for this: an entity more does no harm.
  const entities = await numberEntities(duck, `(SELECT * FROM (${from}) WHERE ${whole})`, kinds, table)
  const partitions = await takeApart(duck, relation, { known, entities, rows: Math.min(rows, entities.rows) }, options)
  let draft = await draftOf(views, key)
  // What is left saves time later: that it cannot be written must not cost the answer.
  const giveUp = async () => {
    const given = draft
    draft = undefined
    await given?.drop().catch(() => {})
  }
  try {
    if (draft && entities.table)
      await duck.run(`COPY ${entities.table} TO ${text(draft.table)} (FORMAT parquet)`).catch(giveUp)
    const passing = function* (): Generator<Part> {
      for (const part of partitions.parts()) {
        try {
          draft?.write(part)
        } catch {
          void giveUp()
        }
        yield part
      }
    }
    await use(entities, passing)
    await draft?.keep({ entities: entities.entities, columns: 1 + kept.length, first: entities.first }).catch(giveUp)
  } catch (error) {
    await draft?.drop()
    throw error
  } finally {
    partitions.close()
  }
}

/** What this join asks for, and no more. */
async function orderNow(duck: Duck, relation: Relation, rows: number, options: OrderOptions): Promise<void> {
  const { kinds, only, use } = options
  const { entities } = only
  const [low, high] = only.span
  const within = [
    ...kinds.map((_, i) => `k${i} IS NOT NULL`),
    ...(Number.isFinite(high) ? [`e <= ${high}`] : ['false']),
    ...(Number.isFinite(low) ? [`e >= ${low}`] : []),
    ...(entities.first === undefined
      ? []
      : [`k0 = trunc(k0) AND k0 BETWEEN ${entities.first} AND ${entities.first + entities.entities - 1}`]),
  ]
  const known = `(SELECT * FROM (${relation.select(kinds, { unchecked: true })}) WHERE ${within.join(' AND ')})`
  const partitions = await takeApart(duck, relation, { known, entities, rows }, options)
  try {
    await use(entities, () => partitions.parts())
  } finally {
    partitions.close()
  }
}

async function takeApart(
  duck: Duck,
  relation: Relation,
  { known, entities, rows }: { known: string; entities: Numbered; rows: number },
  { kept, spillTo }: OrderOptions,
): Promise<Partitions> {
  // Rows of a table come in its order, unless they are joined, and of those that nothing tells apart the last is wanted.
  const told = entities.join !== '' || !relation.numbered || kept.includes('r')
  const ties = [...(relation.hasCreated ? ['c'] : []), ...(told ? ['r'] : [])]
  const before = 2 + ties.length
  const features = kept.filter((column) => column !== 'r')
  const shape: Shape = {
    width: before + features.length,
    ties: ties.length,
    kept: [...(kept.includes('r') ? [before - 1] : []), ...features.map((_, i) => before + i)],
  }
  const columns = [
    `${entities.number} AS of`,
    ...['e', ...ties].map((column) => `${column}::DOUBLE AS ${column}`),
    ...features.map((column) => `coalesce(${column}, 'NaN'::DOUBLE) AS ${column}`),
  ]
  const partitions = openPartitions({ entities: entities.entities, rows, shape, spillTo })
  try {
    for await (const chunk of duck.chunks(`SELECT ${columns.join(', ')} FROM ${known} ${entities.join}`))
      partitions.add(
        columns.map((_, k) => (chunk.getColumnVector(k) as unknown as { items: Float64Array }).items),
        chunk.rowCount,
      )
    return partitions
  } catch (error) {
    partitions.close()
    throw error
  }
}

/** `undefined` where nothing can be written. */
async function draftOf(views: OrderedViews, key: string): Promise<OrderedDraft | undefined> {
  try {
    return await views.draft(key)
  } catch {
    return undefined
  }
}

async function rowsOf(duck: Duck, relation: Relation): Promise<number> {
  return (await duck.row<{ rows: number }>(`SELECT count(*) AS rows FROM (${relation.select()})`)).rows
}

/** What the order of a view's rows, and what is kept of them, depends on; `undefined` where the rows are not known by content. */
async function keyOfView(
  duck: Duck,
  { view, contents }: ViewInput,
  { kinds, kept }: { kinds: readonly KeyKind[]; kept: readonly string[] },
): Promise<string | undefined> {
  const { from, sql, entities, time, created, columns } = view
  const tables = from.map((set) => contents?.[set])
  if (tables.includes(undefined)) return undefined
  // A query may mean something else in another version of DuckDB.
  const query = sql === null ? null : { sql, from, ...(await duck.row('SELECT version() AS version')) }
  const features = columns.flatMap(({ name, type }) => (type === 'number' ? [name] : []))
  return keyOf({ form: FORM, tables, query, entities, kinds, time, created, features, kept })
}
