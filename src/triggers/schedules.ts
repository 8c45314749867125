import { Cron } from 'croner'
import type { Logger } from '#platform/log'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import { allSchedules, type KeptSchedule, moveSchedule } from './store.ts'

/** The first time of a cron schedule after `time`, in UTC, ms; `undefined` when there is none (30 February). */
export function nextTime(written: string, time: number): number | undefined {
  return new Cron(written, { timezone: 'UTC', mode: '5-part' }).nextRun(new Date(time))?.getTime()
}

/** Keeps the schedules of all projects by the system's clock. */
export interface Schedules {
  /** Fires what is due, and wakes itself for what comes next. */
  keep(): Promise<void>
  stop(): Promise<void>
}

/** Clocks are set and laptops sleep: a wait is never trusted for longer. */
const LONGEST_WAIT_MS = 60_000

/**
 * @param fire is called once for a schedule that is due, however many of its times passed while no server ran
 */
export function openSchedules({
  storage,
  clock,
  log,
  fire,
}: {
  storage: Storage
  clock: Clock
  log: Logger
  fire: (tx: Tx, schedule: KeptSchedule) => Promise<void>
}): Schedules {
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()
  let stopped = false

  async function keepOnce(): Promise<void> {
    if (stopped) return
    clearTimeout(timer)
    const now = clock.now()
    let next = now + LONGEST_WAIT_MS
    const schedules = await allSchedules(storage)
    for (const schedule of schedules) {
      const due = nextTime(schedule.written, schedule.last)
      if (due === undefined) continue
      if (due > now) next = Math.min(next, due)
      else
        await storage.write(async (tx) => {
          if (await moveSchedule(tx, schedule, now)) await fire(tx, schedule)
        })
    }
    if (stopped || schedules.length === 0) return
    timer = setTimeout(() => void keep().catch((err) => log.error({ err }, 'a schedule could not be kept')), next - now)
    timer.unref()
  }

  function keep(): Promise<void> {
    const before = working
    const mine = before.catch(() => {}).then(keepOnce)
    working = mine
    return mine
  }

  return {
    keep,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await working.catch(() => {})
    },
  }
}
