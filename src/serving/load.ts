import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadMeasurement } from '#registry/contract'
import type { PredictionRecord } from '#runtime'

/** A load to measure under: requests of one record at a rate, whether the ones before were answered or not. */
export interface Load {
  /** Requests a second. */
  readonly rate: number
  readonly forMs: number
}

/** More unanswered ones would measure the memory of this measurement. */
const MOST_WAITING = 2_000

/**
 * Asks at a fixed rate and times each answer from when its request was due, so that a model which stops answering for a
 * second is charged for all who would have asked in it (Tene's coordinated omission).
 *
 * @param residentBefore bytes that the process had before the model was loaded
 */
export async function measureLoad(
  ask: (body: string) => Promise<unknown>,
  records: readonly PredictionRecord[],
  { rate, forMs }: Load,
  residentBefore: number,
): Promise<LoadMeasurement> {
  const bodies = records.map((record) => JSON.stringify({ records: [record] }))
  const latencies: number[] = []
  const total = Math.max(1, Math.round((rate * forMs) / 1000))
  let [sent, failed, waiting, grew] = [0, 0, 0, 0]
  const started = performance.now()
  const one = async (due: number) => {
    waiting++
    try {
      await ask(bodies[sent % bodies.length]!)
      latencies.push(performance.now() - due)
    } catch {
      failed++
    } finally {
      waiting--
    }
  }
  const asked: Promise<void>[] = []
  while (sent < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - started) / 1000) * rate))
    for (; sent < due; sent++) {
      const dueAt = started + (sent / rate) * 1000
      if (waiting < MOST_WAITING) asked.push(one(dueAt))
      else failed++
    }
    grew = Math.max(grew, process.memoryUsage.rss() - residentBefore)
    await sleep(1)
  }
  await Promise.all(asked)
  const seconds = (performance.now() - started) / 1000
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return {
    ...{ rate, failed, seconds, answered: latencies.length, achieved: latencies.length / seconds },
    latency: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
    memory: Math.max(0, grew),
  }
}
