import type { Logger } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Serving } from './serving.ts'

const HOUR = 3_600_000

/**
 * Deletes logged predictions that are older than their endpoint keeps them, once at the start and then every hour.
 *
 * @param keepOf how long each endpoint keeps its log, in ms
 */
export function keepRetention(needs: {
  serving: Pick<Serving, 'expire'>
  clock: Clock
  log: Logger
  keepOf: () => Promise<readonly { endpoint: string; keepMs: number }[]>
}): { stop(): void } {
  const { serving, clock, log, keepOf } = needs
  async function expireAll(): Promise<void> {
    for (const { endpoint, keepMs } of await keepOf()) {
      const deleted = await serving.expire(endpoint, clock.now() - keepMs)
      if (deleted > 0) log.info({ endpoint, deleted }, 'deleted predictions past their retention')
    }
  }
  const attempt = () => void expireAll().catch((error) => log.error({ err: error }, 'retention was not kept'))
  attempt()
  const timer = setInterval(attempt, HOUR)
  return { stop: () => clearInterval(timer) }
}
