import { Cron } from 'croner'
import type { Logger } from '#platform/log'
import type { Clock } from './clock.ts'

/** A cron schedule, and the system time up to which it has been kept. */
export interface Scheduled {
  readonly written: string
  readonly last: number
}

/** The first time of a cron schedule after `time`, in UTC, ms; `undefined` when there is none (30 February). */
export function nextTime(written: string, time: number): number | undefined {
  return new Cron(written, { timezone: 'UTC', mode: '5-part' }).nextRun(new Date(time))?.getTime()
}

/** Keeps schedules by the system's clock. */
export interface Schedules {
  /** Fires what is due, and wakes itself for what comes next. */
  keep(): Promise<void>
  stop(): Promise<void>
}

/** Clocks are set and laptops sleep: a wait is never trusted for longer. */
const LONGEST_WAIT_MS = 60_000

/**
 * @param all what there is to keep
 * @param fire is called once for a schedule that is due, however many of its times passed while no server ran; it writes down
 *   `now` as its `last`, in the transaction of what it does
 */
export function openSchedules<Schedule extends Scheduled>({
  clock,
  log,
  all,
  fire,
}: {
  clock: Clock
  log: Logger
  all: () => Promise<readonly Schedule[]>
  fire: (schedule: Schedule, now: number) => Promise<void>
}): Schedules {
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()
  let stopped = false

  async function keepOnce(): Promise<void> {
    if (stopped) return
    clearTimeout(timer)
    const now = clock.now()
    let next = now + LONGEST_WAIT_MS
    const schedules = await all()
    for (const schedule of schedules) {
      const due = nextTime(schedule.written, schedule.last)
      if (due === undefined) continue
      if (due > now) next = Math.min(next, due)
      else await fire(schedule, now)
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
