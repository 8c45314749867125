import { setTimeout as sleep } from 'node:timers/promises'
import type { Events } from '#platform/events'
import type { Jobs } from '#platform/jobs'
import type { LoopNeeds } from './facts.ts'

const LOOK_EVERY_MS = 5

/**
 * Waits until nothing in the loop moves by itself any more: no period left to close, no event undelivered, no job
 * queued, and what serves is what was decided. A replay asks this between days: the world waits while the loop works.
 */
export async function waitUntilSettled(
  needs: LoopNeeds & { events: Events; jobs: Jobs },
  project: string,
  timeoutMs: number,
  closing: AbortSignal,
): Promise<boolean> {
  const { monitoring, events, jobs, serving, deployments } = needs
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const still =
      (await monitoring.settled(project)) &&
      (await events.settled()) &&
      (await jobs.settled()) &&
      serving.pendingLogRecords() === 0 &&
      (await monitoring.settled(project))
    if (still) {
      const endpoints = await deployments.endpoints({ project })
      await Promise.allSettled(endpoints.map((endpoint) => serving.warm(endpoint.name)))
      return true
    }
    if (Date.now() >= deadline || closing.aborted) return false
    await sleep(LOOK_EVERY_MS)
  }
}
