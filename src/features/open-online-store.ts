import { type Durability, openStorage, type Storage } from '#platform/storage'
import { OnlineStoreUnknown, OnlineStoreUnreachable } from './errors.ts'
import { onlineRowMigrations } from './migrations.ts'
import { openDatabaseStore, type OnlineStore } from './online-store.ts'

/**
 * Where the online features are: in the server's own database, or in a place of their own when they have outgrown it.
 *
 * @param at `redis://…`, `rediss://…` or `postgres://…`; the server's own database when absent
 * @throws OnlineStoreUnknown, OnlineStoreUnreachable
 */
export async function openOnlineStore({
  at,
  storage,
  durability = 'full',
}: {
  at: string | undefined
  storage: Storage
  durability?: Durability
}): Promise<OnlineStore> {
  if (at === undefined) return openDatabaseStore({ rows: storage, own: storage })
  if (/^rediss?:/.test(at)) return (await import('./online-redis.ts')).openRedisStore(at, storage)
  if (!/^postgres(ql)?:/.test(at)) throw new OnlineStoreUnknown(at)
  try {
    const rows = await openStorage({ url: at, durability })
    await rows.migrate(onlineRowMigrations)
    return openDatabaseStore({ rows, own: storage })
  } catch (error) {
    throw new OnlineStoreUnreachable(new URL(at).host, error)
  }
}
