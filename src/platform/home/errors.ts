import { OrreryError } from '#platform/errors'

export class HomeInUse extends OrreryError {
  constructor(home: string, by: string) {
    super({
      code: 'ORRERY_HOME_IN_USE',
      status: 409,
      message: `Another Orrery server works with ${home} already${by}.`,
      hint: 'Use that one, stop it first, or give this one another folder with --home.',
    })
  }
}

export class HomeNotWritable extends OrreryError {
  constructor(home: string, reason: string) {
    super({
      code: 'ORRERY_HOME_NOT_WRITABLE',
      status: 500,
      message: `The home folder ${home} cannot be written (${reason}).`,
      hint: 'Free some space or mend the permissions, or choose another folder with --home; nothing in it was changed.',
    })
  }
}
