import { OrreryError } from '#platform/errors'

export class ChildCrashed extends OrreryError {
  constructor(what: string, ending: string, output: string) {
    super({
      code: 'ORRERY_STEP_CRASHED',
      status: 500,
      message: `${what} ended before it was done (${ending}).${output ? ` Its last words: ${output}` : ''}`,
      hint: 'A signal usually means that memory ran out; otherwise see its last words. The server itself is unharmed.',
    })
  }
}

export class ChildTimedOut extends OrreryError {
  constructor(what: string, seconds: number) {
    super({
      code: 'ORRERY_STEP_TIMED_OUT',
      status: 504,
      message: `${what} did not finish within ${seconds} s and was ended.`,
      hint: 'Give it a smaller search or fewer rows, or raise the time limit of the step.',
    })
  }
}

export class ChildTooLarge extends OrreryError {
  constructor(limitMb: number) {
    super({
      code: 'ORRERY_STEP_TOO_LARGE',
      status: 422,
      message: `It took more than ${limitMb} MB of memory, and was ended.`,
      hint: 'Look for a product of tables, a repetition without an end, or texts that grow.',
    })
  }
}
