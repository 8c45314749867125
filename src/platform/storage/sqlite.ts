import { fdatasync, openSync, closeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as thisTurnsEnd } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Kysely, sql } from 'kysely'
import { explainFailure, StorageClosed } from './errors.ts'
import { applyMigrations } from './migrate.ts'
import { NodeSqliteDialect } from './node-sqlite.ts'
import type { Durability, Storage, StorageCapabilities, Tx } from './storage.ts'

const syncToDisk = promisify(fdatasync)

interface QueuedWrite {
  run(tx: Tx): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** One transaction takes at most this many writes, so that the first of a burst is not answered last. */
const LARGEST_GROUP = 256

const capabilities: StorageCapabilities = {
  name: 'sqlite',
  identityType: 'integer',
  identity: (column) => column.primaryKey().autoIncrement(),
  clustered: sql`without rowid`,
  // One writer at a time.
  forUpdate: sql``,
  // Its LIKE takes upper and lower case for the same, its GLOB does not and has other signs for the same patterns.
  like: (value, pattern, { ignoreCase }) =>
    ignoreCase ? sql`${value} like ${pattern}` : sql`${value} glob ${globOf(pattern)}`,
  // With a leading $ the key would be a path.
  jsonText: (value, key) => sql`cast(${value} ->> ${`$."${key.replaceAll('"', '')}"`} as text)`,
  // One writer at a time: ids are handed out in commit order anyway.
  serialize: async () => {},
}

/**
 * SQLite in WAL mode, one connection for writing and one for reading.
 *
 * Durability costs one `fdatasync` of the write-ahead log per group, off the JS thread: SQLite itself would sync on it
 * (`synchronous=FULL`) and block every request meanwhile. With `NORMAL` SQLite still syncs around checkpoints,
 * so the log that we sync is all that a recovery needs.
 */
export async function openSqlite(options: { file: string; durability: Durability }): Promise<Storage> {
  const writer = openConnection(options.file)
  const reader = openConnection(options.file)
  const writes = new Kysely<unknown>({ dialect: new NodeSqliteDialect(writer) })
  const reads = new Kysely<unknown>({ dialect: new NodeSqliteDialect(reader) })
  const tx = writes as unknown as Tx
  // The log exists once something was written; closing this handle is harmless, its locks live in the -shm file.
  writer.exec('create table if not exists platform_opened (at integer)')
  const log = openSync(`${options.file}-wal`, 'r+')

  const begin = writer.prepare('begin immediate')
  const commit = writer.prepare('commit')
  const savepoint = writer.prepare('savepoint one')
  const release = writer.prepare('release one')

  const queue: QueuedWrite[] = []
  let running: Promise<void> | undefined
  let listeners = new Set<() => void>()
  let pending = 0
  let closed = false
  /** Resolves when the other thread's turn is over. */
  let turn: Promise<void> | undefined

  /**
   * Group after group until nothing waits. What arrives while one is being synced shares the next: two groups under
   * way at once would be answered no earlier, since the disk syncs one after the other, and cost a commit more.
   */
  async function drain(): Promise<void> {
    while (queue.length > 0) {
      // After the requests that are being read in this turn of the event loop, and the answers that are being sent.
      await thisTurnsEnd()
      if (turn) await turn
      const group = queue.splice(0, LARGEST_GROUP)
      const answers = await commitGroup(group)
      const committed = listeners
      listeners = new Set()
      const failure = options.durability === 'full' ? await syncToDisk(log).then(noFailure, asFailure) : undefined
      pending -= group.length
      for (const answer of answers) answer(failure)
      for (const listener of committed) listener()
    }
    running = undefined
  }

  async function commitGroup(group: readonly QueuedWrite[]): Promise<((failure: unknown) => void)[]> {
    const answers: ((failure: unknown) => void)[] = []
    try {
      begin.run()
      for (const write of group) {
        savepoint.run()
        try {
          const value = await write.run(tx)
          release.run()
          answers.push((failure) => (failure ? write.reject(explainFailure(failure)) : write.resolve(value)))
        } catch (error) {
          writer.exec('rollback to one; release one')
          answers.push(() => write.reject(explainFailure(error)))
        }
      }
      commit.run()
      return answers
    } catch (error) {
      // The group as a whole failed (disk full, for one): nothing of it was acknowledged and nothing of it stays.
      if (writer.isTransaction) writer.exec('rollback')
      return group.map((write) => () => write.reject(explainFailure(error)))
    }
  }

  return {
    capabilities,
    reads: <Tables>() => reads as unknown as Kysely<Tables>,
    write: <T>(work: (tx: Tx) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        if (closed) return reject(new StorageClosed())
        pending++
        queue.push({ run: work, resolve: (value) => resolve(value as T), reject })
        running ??= drain()
      }),
    afterCommit: (_tx, listener) => void listeners.add(listener),
    migrate: (migrations) => applyMigrations(writes, capabilities, migrations),
    pendingWrites: () => pending,
    otherThread: {
      options,
      turn: async (work) => {
        while (turn) await turn
        const mine = work()
        const over = mine.then(noFailure, noFailure).then(() => {
          turn = undefined
        })
        turn = over
        return mine
      },
    },
    close: async () => {
      closed = true
      await running
      closeSync(log)
      reader.close()
      writer.close()
    },
  }
}

/** The same pattern for GLOB: `*` and `?` instead of `%` and `_`, its own signs in brackets. */
function globOf(pattern: string): string {
  return pattern.replace(/[*?[]/g, '[$&]').replaceAll('%', '*').replaceAll('_', '?')
}

const noFailure = () => undefined
const asFailure = (error: unknown) => error

function openConnection(file: string): DatabaseSync {
  const connection = new DatabaseSync(file, { timeout: 5_000 })
  connection.exec(`
    pragma journal_mode = wal;
    pragma synchronous = normal;
    pragma foreign_keys = on;
    pragma temp_store = memory;
    pragma cache_size = -16000;
    pragma wal_autocheckpoint = 4000;
  `)
  return connection
}
