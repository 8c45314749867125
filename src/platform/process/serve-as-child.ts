import { setPriority } from 'node:os'
import { asOrreryError } from '#platform/errors'
import type { ChildMessage } from './run-in-child.ts'

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
  process.once('message', async (input) => {
    try {
      const output = await work(input as Input, (message, fraction) => {
        void tell({ progress: { message, ...(fraction !== undefined && { fraction }) } })
      })
      await tell({ output })
    } catch (error) {
      const known = asOrreryError(error)
      const failure = known
        ? {
            code: known.code,
            status: known.status,
            message: known.message,
            hint: known.hint,
            ...(known.details && { details: known.details }),
          }
        : {
            code: 'ORRERY_STEP_FAILED',
            status: 500,
            message: error instanceof Error ? (error.stack ?? error.message) : String(error),
            hint: 'This is a fault of the step itself; its stack is in the message.',
          }
      await tell({ failure })
    }
    process.exit(0)
  })
}
