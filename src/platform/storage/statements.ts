import { CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely'
import { type Tx, tables } from './storage.ts'

/** Rows of one statement. Powers of two, so that a handful of prepared statements serves every batch. */
const LARGEST = 64

/**
 * The statements of a hot path, each built once: building one costs more than running it. For one storage only, as
 * databases differ in how they write a parameter.
 */
export interface Statements {
  /** Runs `build()` with the parameters given; what stands for a parameter there is replaced by its position. */
  run<Row>(
    tx: Tx,
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
    tx: Tx,
    name: string,
    build: (tuples: RawBuilder<unknown>) => RawBuilder<unknown>,
    width: number,
    values: readonly unknown[],
  ): Promise<Row[]>
}

export function openStatements(): Statements {
  const texts = new Map<string, string>()

  const run: Statements['run'] = async <Row>(
    tx: Tx,
    name: string,
    build: () => RawBuilder<unknown>,
    parameters: readonly unknown[],
  ) => {
    const db: Kysely<unknown> = tables(tx)
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
      tx: Tx,
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
          tx,
          `${name} ${count}`,
          () => build(tuples(count, width)),
          values.slice(from, upTo),
        )
        found.push(...rows)
        from = upTo
      }
      return found
    },
  }
}

function tuples(count: number, width: number): RawBuilder<unknown> {
  const tuple = sql`(${sql.join(new Array<unknown>(width).fill(null))})`
  return sql.join(new Array(count).fill(tuple))
}
