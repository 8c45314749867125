import { setPriority } from 'node:os'
import { asOrreryError } from '#platform/errors'
import { ChildTooLarge } from './errors.ts'
import { type ChildMessage, RESIDENT_MB } from './run-in-child.ts'

/** Behind requests, before idle: answers come first on a machine with few cores. */
const NICE = 5

/** The other side of `runInChild`: takes one input, works, answers, ends. */
export function serveAsChild<Input>(
  work: (input: Input, progress: (message: string, fraction?: number) => void) => Promise<unknown>,
): void {
  const tell = (message: ChildMessage) => new Promise<void>((resolve) => process.send!(message, () => resolve()))
  setPriority(NICE)
  // The parent is gone: nobody will read the answer.
  process.on('disconnect', () => process.exit(1))
  const limit = Number(process.env[RESIDENT_MB])
  if (limit > 0) endWhenLarger(limit, (error) => tell(failureOf(error)))
  process.once('message', async (input) => {
    try {
      const output = await work(input as Input, (message, fraction) => {
        void tell({ progress: { message, ...(fraction !== undefined && { fraction }) } })
      })
      await tell({ output })
    } catch (error) {
      await tell(failureOf(error))
    }
    process.exit(0)
  })
}

/** Native libraries allocate beside the heap that Node limits, and what they hold is seen from their own thread only. */
function endWhenLarger(limitMb: number, tell: (error: Error) => Promise<void>): void {
  const looking = setInterval(() => {
    if (process.memoryUsage.rss() < limitMb * 1e6) return
    clearInterval(looking)
    void tell(new ChildTooLarge(limitMb)).then(() => process.kill(process.pid, 'SIGKILL'))
  }, 25)
  looking.unref()
}

function failureOf(error: unknown): ChildMessage {
  const known = asOrreryError(error)
  if (known) {
    const { code, status, message, hint, details } = known
    return { failure: { code, status, message, hint, ...(details && { details }) } }
  }
  return {
    failure: {
      code: 'ORRERY_STEP_FAILED',
      status: 500,
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      hint: 'This is a fault of the step itself; its stack is in the message.',
    },
  }
}
