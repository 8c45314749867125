import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'
import type { Durability, Storage } from './storage.ts'

export { StorageClosed } from './errors.ts'
export { openPostgres } from './postgres.ts'
export { openSqlite } from './sqlite.ts'
export {
  type Durability,
  type Migration,
  type OtherThread,
  type Storage,
  type StorageCapabilities,
  tables,
  type Tx,
} from './storage.ts'
export { batched, type Flush } from './batched.ts'
export { decodeJson, encodeJson } from './json.ts'
export { openStatements, type Statements } from './statements.ts'

/** Opens the database that `url` names: `postgres://…`, or a path for SQLite. */
export function openStorage(options: { url: string; durability: Durability }): Promise<Storage> {
  return /^postgres(ql)?:/.test(options.url)
    ? openPostgres({ url: options.url })
    : openSqlite({ file: options.url, durability: options.durability })
}
