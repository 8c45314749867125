import type { ColumnDefinitionBuilder, Kysely, RawBuilder, SqlBool } from 'kysely'

/**
 * What a room's store is given: a query builder for reads and `write` for everything else.
 *
 * Tables are typed per room: `storage.reads<RegistryTables>()`, `tables<RegistryTables>(tx)`.
 */
export interface Storage {
  readonly capabilities: StorageCapabilities

  /** A query builder that sees only what is committed. */
  reads<Tables>(): Kysely<Tables>

  /**
   * Runs `work` in a transaction and resolves when its result is durable: with `durability: full`
   * it survives a power cut, with `process` a `kill -9`. Throwing undoes only this work.
   *
   * Concurrent writes share one transaction (group commit), so `work` must await nothing but `tx`:
   * everybody behind it in the queue waits.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>

  /** Calls `listener` once when `tx` has become durable; the same listener asked for twice is called once. */
  afterCommit(tx: Tx, listener: () => void): void

  /** Applies the migrations not applied yet, in the order given: all of them or none. */
  migrate(migrations: readonly Migration[]): Promise<void>

  /** Writes waiting or under way; `/metrics` shows it. */
  pendingWrites(): number

  /** How another thread of this process writes to the same database; `undefined` where that needs no care. */
  readonly otherThread: OtherThread | undefined

  /** Waits for the writes under way, then closes. */
  close(): Promise<void>
}

/** SQLite has one writer at a time, and one that waits for another blocks its whole thread. */
export interface OtherThread {
  /** What opens the database there, with `openSqlite`. */
  readonly options: { readonly file: string; readonly durability: Durability }
  /** Holds back this thread's transactions while `work` lets another thread write. Not for longer than some milliseconds. */
  turn<T>(work: () => Promise<T>): Promise<T>
}

/** `full`: an acknowledged write survives a power cut. `process`: it survives `kill -9` of this process. */
export type Durability = 'full' | 'process'

/** A transaction. Opaque on purpose: a store opens it with `tables<RoomTables>(tx)`. */
export interface Tx {
  readonly __brand: 'transaction'
}

/** The query builder of a transaction, typed with one room's tables. */
export function tables<Tables>(tx: Tx): Kysely<Tables> {
  return tx as unknown as Kysely<Tables>
}

/** What differs between databases, by name. Nothing outside this folder asks which database it is. */
export interface StorageCapabilities {
  readonly name: 'sqlite' | 'postgres'
  /** Declares an ever-growing integer key on a column of type `identityType`. */
  identity(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder
  readonly identityType: 'integer' | 'bigserial'
  /** After the columns of a new table: keeps its rows in the order of the primary key, where that is not so anyway. */
  readonly clustered: RawBuilder<unknown>
  /** After a select: nobody else changes its rows before the transaction ends. Select them in the order of a key. */
  readonly forUpdate: RawBuilder<unknown>
  /** SQL's LIKE without an escape character: `%` is anything, `_` one character, upper and lower case differ. */
  like(value: RawBuilder<unknown>, pattern: string, options: { ignoreCase: boolean }): RawBuilder<SqlBool>
  /** The value under `key` of a JSON object in a text column, as text; null where it has no such key. */
  jsonText(value: RawBuilder<unknown>, key: string): RawBuilder<unknown>
  /** Taken first in a transaction that appends to an ordered log, so that order of ids is order of commits. */
  serialize(tx: Tx, log: string): Promise<void>
}

export interface Migration {
  /** `<room>-<nnn>-<what>`; never renamed once released. */
  readonly name: string
  up(db: Kysely<unknown>, capabilities: StorageCapabilities): Promise<void>
}
