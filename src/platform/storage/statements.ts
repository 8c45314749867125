import { CompiledQuery, type DialectAdapter, type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tx } from './storage.ts'

/** Tuples of one statement. Powers of two, so that a handful of prepared statements serves every batch. */
const LARGEST = 64
/** Values of one list. */
const LARGEST_LIST = 1_024

/** Where a statement runs: a transaction, or what `storage.reads()` gave. */
// biome-ignore lint/suspicious/noExplicitAny: whatever tables a room has.
type Place = Tx | Kysely<any>

/** The statements of a hot path, each built once per database: building one costs more than running it. */
export interface Statements {
  /** Runs `build()` with the parameters given; what stands for a parameter there is replaced by its position. */
  run<Row>(
    place: Place,
    name: string,
    build: () => RawBuilder<unknown>,
    parameters: readonly unknown[],
  ): Promise<{ rows: Row[]; affected: number }>

  /**
   * Runs one statement for many tuples of `width` values, as few times as that takes.
   *
   * @param build the statement around a list of tuples, `(?, ?), (?, ?)`
   * @param values the values of all tuples, one after the other
   */
  runMany<Row>(
    place: Place,
    name: string,
    build: (tuples: RawBuilder<unknown>) => RawBuilder<unknown>,
    width: number,
    values: readonly unknown[],
  ): Promise<Row[]>

  /**
   * Runs one statement for a list of values that it only compares with, `in (?, ?)`: to fit a statement that is there
   * already, values are told twice.
   */
  runList<Row>(
    place: Place,
    name: string,
    build: (list: RawBuilder<unknown>) => RawBuilder<unknown>,
    values: readonly unknown[],
  ): Promise<Row[]>
}

export function openStatements(): Statements {
  const textsOf = new WeakMap<DialectAdapter, Map<string, string>>()

  const run: Statements['run'] = async <Row>(
    place: Place,
    name: string,
    build: () => RawBuilder<unknown>,
    parameters: readonly unknown[],
  ) => {
    const db = place as unknown as Kysely<unknown>
    const { adapter } = db.getExecutor()
    let texts = textsOf.get(adapter)
    if (!texts) {
      texts = new Map()
      textsOf.set(adapter, texts)
    }
    let text = texts.get(name)
    if (text === undefined) {
      text = build().compile(db).sql
      texts.set(name, text)
    }
    const { rows, numAffectedRows } = await db.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]))
    return { rows, affected: Number(numAffectedRows ?? 0n) }
  }

  return {
    run,
    runMany: async <Row>(
      place: Place,
      name: string,
      build: (tuples: RawBuilder<unknown>) => RawBuilder<unknown>,
      width: number,
      values: readonly unknown[],
    ) => {
      const found: Row[] = []
      for (let from = 0; from < values.length; ) {
        let count = LARGEST
        while (count * width > values.length - from) count /= 2
        const upTo = from + count * width
        const { rows } = await run<Row>(
          place,
          `${name} ${count}`,
          () => build(tuples(count, width)),
          values.slice(from, upTo),
        )
        found.push(...rows)
        from = upTo
      }
      return found
    },
    runList: async <Row>(
      place: Place,
      name: string,
      build: (list: RawBuilder<unknown>) => RawBuilder<unknown>,
      values: readonly unknown[],
    ) => {
      const found: Row[] = []
      for (let from = 0; from < values.length; from += LARGEST_LIST) {
        const piece = values.slice(from, from + LARGEST_LIST)
        const count = 2 ** Math.ceil(Math.log2(piece.length))
        while (piece.length < count) piece.push(piece[0])
        const { rows } = await run<Row>(place, `${name} ${count}`, () => build(sql.join(piece)), piece)
        found.push(...rows)
      }
      return found
    },
  }
}

function tuples(count: number, width: number): RawBuilder<unknown> {
  const tuple = sql`(${sql.join(new Array<unknown>(width).fill(null))})`
  return sql.join(new Array(count).fill(tuple))
}
