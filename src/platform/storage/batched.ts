import type { Storage, Tx } from './storage.ts'

/**
 * Writes what many callers ask for at once.
 *
 * @returns for each item why it was refused, or `undefined`; throwing undoes and refuses all of them
 */
export type Flush<Item> = (tx: Tx, items: readonly Item[]) => Promise<readonly unknown[]>

/** As many as a group commit takes of single writes, for the same reason. */
const LARGEST_BATCH = 256

/**
 * Many small writes of one kind as few large ones: whatever is asked for until the transaction starts is flushed in it
 * together. For writes so small that a transaction's own work, savepoint and statements, costs more than they do.
 *
 * @returns resolves when its item is durable; rejects with what `flush` said of it
 */
export function batched<Item>(storage: Pick<Storage, 'write'>, flush: Flush<Item>): (item: Item) => Promise<void> {
  interface Asked {
    readonly item: Item
    resolve(): void
    reject(reason: unknown): void
  }
  let open: Asked[] | undefined

  async function writeBatch(batch: Asked[]): Promise<void> {
    try {
      const refused = await storage.write((tx) => {
        if (open === batch) open = undefined
        return flush(
          tx,
          batch.map(({ item }) => item),
        )
      })
      for (const [i, { resolve, reject }] of batch.entries()) {
        if (refused[i] === undefined) resolve()
        else reject(refused[i])
      }
    } catch (error) {
      if (open === batch) open = undefined
      for (const { reject } of batch) reject(error)
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      const batch = open
      if (batch && batch.length < LARGEST_BATCH) {
        batch.push({ item, resolve, reject })
        return
      }
      open = [{ item, resolve, reject }]
      void writeBatch(open)
    })
}
