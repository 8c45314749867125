import type { Logger } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Serving } from './serving.ts'

const HOUR = 3_600_000

/**
 * Deletes logged predictions that are older than their endpoint keeps them, and moves old ones out of the table, once at the
 * start and then every hour.
 *
 * @param keepOf how long each endpoint keeps its log, and how long in the table, in ms
 */
export function keepRetention(needs: {
  serving: Pick<Serving, 'expire' | 'compact'>
  clock: Clock
  log: Logger
  keepOf: () => Promise<readonly { endpoint: string; keepMs: number; compactAfterMs: number }[]>
}): { stop(): Promise<void> } {
  const { serving, clock, log, keepOf } = needs
  const stopping = new AbortController()
  async function expireAll(): Promise<void> {
    for (const { endpoint, keepMs, compactAfterMs } of await keepOf()) {
      if (stopping.signal.aborted) return
      const deleted = await serving.expire(endpoint, clock.now() - keepMs)
      if (deleted > 0) log.info({ endpoint, deleted }, 'deleted predictions past their retention')
      const moved = await serving.compact(endpoint, clock.now() - compactAfterMs, stopping.signal)
      if (moved > 0) log.info({ endpoint, moved }, 'moved predictions into Parquet files')
    }
  }
  let working: Promise<void> | undefined
  // A large log takes its time; an hour later it is not begun a second time.
  const attempt = () => {
    working ??= expireAll()
      .catch((error) => log.error({ err: error }, 'retention was not kept'))
      .finally(() => {
        working = undefined
      })
  }
  attempt()
  const timer = setInterval(attempt, HOUR)
  return {
    stop: async () => {
      clearInterval(timer)
      stopping.abort()
      await working
    },
  }
}
