import type { Logger } from '#platform/log'
import type { LabelRule } from '../label-rule.ts'
import type { LogHint } from '../write-predictions.ts'
import type { Mover } from './move.ts'
import type { Place, Segments } from './segments.ts'

/** What one write puts into a file. */
export interface Written {
  readonly ids: readonly string[]
}

type Placed<Batch> = Batch & { readonly place: Place }

export interface Moving<Batch extends Written> {
  /** Takes what was written; it is moved soon. */
  written(batch: Placed<Batch>): void
  /** Resolves when what earlier processes left is in the table. */
  readonly recovered: Promise<void>
  /** Resolves when all that was written before is in the table, or the database refused it just now. */
  settle(): Promise<void>
  /** Moves the rest. What the database does not take stays in its files for the next start. */
  close(): Promise<void>
}

/** Records that are worth a transaction by themselves, and how long fewer wait for more. */
const ENOUGH = 1_000
const LONGEST_MS = 200
/** Of one transaction: see `move`. */
const MOST_RECORDS = 2_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

/** Moves what was written to the files of a journal into the table, in order, and deletes the files that are done with. */
export function moveSegments<Batch extends Written>({
  segments,
  move,
  log,
  labelRules,
  onMoved,
  onLogged,
}: {
  segments: Segments
  move: Mover
  log: Logger
  /** What a label must be, by endpoint. */
  labelRules: () => Readonly<Record<string, LabelRule>>
  onMoved: (batch: Batch) => void
  onLogged: (hint: LogHint) => void
}): Moving<Batch> {
  /** Written and not in the table yet, oldest first. */
  let unmoved: Placed<Batch>[] = []
  let unmovedRecords = 0
  let writes = 0
  let moves = 0
  let timer: NodeJS.Timeout | undefined
  let moving: Promise<boolean> | undefined
  let failures = 0
  let gone: string[] = []
  let closed = false
  const recovered = recover()

  async function recover(): Promise<void> {
    for (const segment of segments.earlier) {
      const path = segments.pathOf(segment)
      for (let tries = 0; ; ) {
        try {
          const { more, hints, unreadable, damaged } = await move({ segment, path, rules: {}, gone })
          gone = []
          for (const hint of hints) onLogged(hint)
          if (more) continue
          if (damaged) {
            log.error({ segment, bytes: unreadable }, 'a file of the log is damaged: some of it is lost')
            segments.setAside(segment)
            break
          }
          if (unreadable > 0) log.warn({ segment, bytes: unreadable }, 'the end of a file of the log was not written')
          remove(segment)
          break
        } catch (error) {
          log.error({ err: error, segment }, 'a file of the prediction log could not be moved into the database')
          // It stays where it is: the next start tries again, and this server answers meanwhile.
          if (++tries === 3 || closed) break
          await pause(tries)
        }
      }
    }
  }

  function remove(segment: string): void {
    segments.remove(segment)
    gone.push(segment)
  }

  function soon(): void {
    if (moving || failures > 0) return
    if (unmovedRecords >= ENOUGH) void moveSome()
    else timer ??= setTimeout(moveSome, LONGEST_MS)
  }

  /** True when it moved something. */
  function moveSome(): Promise<boolean> {
    clearTimeout(timer)
    timer = undefined
    moving ??= moveOnce().finally(() => {
      moving = undefined
      if (closed || unmoved.length === 0) return
      if (failures > 0) timer ??= setTimeout(moveSome, pauseAfter(failures))
      else soon()
    })
    return moving
  }

  async function moveOnce(): Promise<boolean> {
    await recovered
    const some = takeSome()
    if (some.length === 0) return false
    const { segment, end } = some.at(-1)!.place
    const rules = labelRules()
    const forgotten = gone
    try {
      const hints: LogHint[] = []
      let damaged = false
      for (let more = true; more; ) {
        const moved = await move({ segment, path: segments.pathOf(segment), end, rules, gone: forgotten })
        more = moved.more
        hints.push(...moved.hints)
        damaged ||= moved.unreadable > 0
        if (damaged) log.error({ segment, bytes: moved.unreadable }, 'a file of the log is damaged: some of it is lost')
      }
      gone = gone.filter((one) => !forgotten.includes(one))
      failures = 0
      unmoved = unmoved.slice(some.length)
      moves += some.length
      for (const batch of some) {
        unmovedRecords -= batch.ids.length
        onMoved(batch)
      }
      if (damaged) segments.setAside(segment)
      else if (segment !== segments.current() && unmoved[0]?.place.segment !== segment) remove(segment)
      for (const hint of hints) onLogged(hint)
      return true
    } catch (error) {
      if (failures++ === 0) log.error({ err: error }, 'the database does not take the prediction log')
      return false
    }
  }

  /** Of one file, as many as make a transaction. */
  function takeSome(): Placed<Batch>[] {
    let records = 0
    let count = 0
    for (const { place, ids } of unmoved) {
      if (place.segment !== unmoved[0]!.place.segment || records >= MOST_RECORDS) break
      records += ids.length
      count++
    }
    return unmoved.slice(0, count)
  }

  return {
    recovered,
    written: (batch) => {
      writes++
      unmoved.push(batch)
      unmovedRecords += batch.ids.length
      soon()
    },
    settle: async () => {
      await recovered
      const until = writes
      while (moves < until) if (!(await moveSome())) return
    },
    close: async () => {
      closed = true
      await recovered
      await moving
      while (unmoved.length > 0) if (!(await moveSome())) break
      clearTimeout(timer)
      const last = segments.current()
      if (unmoved.length === 0 && last !== undefined) segments.remove(last)
    },
  }
}

const pauseAfter = (failures: number) => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1))
const pause = (failures: number) => new Promise((resolve) => setTimeout(resolve, pauseAfter(failures)))
