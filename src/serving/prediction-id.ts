import { randomFillSync } from 'node:crypto'
import { monotonicFactory } from 'ulid'

/**
 * New prediction ids: ULIDs, which begin with the time, so that the log's index on them grows at its end. Random bits
 * are drawn a thousand at a time; one system call per character would cost more than an answer's inference.
 */
export function createPredictionIds(): () => string {
  const pool = new Uint32Array(1024)
  let next = pool.length
  return monotonicFactory(() => {
    if (next === pool.length) {
      randomFillSync(pool)
      next = 0
    }
    return pool[next++]! / 2 ** 32
  })
}
