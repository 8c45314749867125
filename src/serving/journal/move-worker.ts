import { parentPort, workerData } from 'node:worker_threads'
import { openSqlite, type OtherThread } from '#platform/storage'
import { createMover, type Moved, type MoveRequest } from './move.ts'

/*
 * The thread that moves the journal into the database: a transaction of two thousand rows takes ten milliseconds, in which the
 * thread that answers would answer nobody.
 */

export type MoveReply = { readonly moved: Moved } | { readonly failed: string } | 'ready'

const storage = await openSqlite(workerData as OtherThread['options'])
const move = createMover(storage)
parentPort!.on('message', async (request: MoveRequest | 'close') => {
  if (request === 'close') {
    await storage.close()
    parentPort!.close()
    return
  }
  let reply: MoveReply
  try {
    reply = { moved: await move(request) }
  } catch (error) {
    reply = { failed: (error as Error).message }
  }
  parentPort!.postMessage(reply)
})
parentPort!.postMessage('ready' satisfies MoveReply)
