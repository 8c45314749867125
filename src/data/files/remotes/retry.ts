import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS = 7
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5000

/** What may succeed when it is tried again: a busy server, a cut connection. */
export class Passing extends Error {}

/** Tries again with growing waits, at random lengths so that many clients do not come back together. */
export async function retried<T>(act: () => Promise<T>, giveUp: (last: Passing) => Error): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof Passing)) throw error
      if (attempt === ATTEMPTS) throw giveUp(error)
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1))
      await sleep(wait * (0.5 + Math.random() / 2))
    }
  }
}

/** Works through a list with so many at once; stops at the first failure. */
export async function eachOf<T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  let failed = false
  const work = async () => {
    while (next < items.length && !failed) {
      try {
        await act(items[next++]!)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, work))
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
}
