import type { Storage } from '#platform/storage'
import { deletePredictions, deleteWaitingLabels, serializeLog } from './store.ts'

/** Rows of one transaction: answers being logged meanwhile wait for no more than this. */
const ROWS_PER_WRITE = 500

/** Deletes what was received before `before`, oldest first; returns how many predictions. */
export async function expirePredictions(storage: Storage, endpoint: string, before: number): Promise<number> {
  let deleted = 0
  for (;;) {
    const gone = await storage.write(async (tx) => {
      await serializeLog(storage, tx)
      return deletePredictions(tx, endpoint, before, ROWS_PER_WRITE)
    })
    deleted += gone
    if (gone < ROWS_PER_WRITE) break
  }
  await storage.write((tx) => deleteWaitingLabels(tx, before))
  return deleted
}
