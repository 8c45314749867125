import { OrreryError } from '#platform/errors'

/** An argument that cannot be used. */
export class WrongUse extends OrreryError {
  constructor(message: string, hint: string) {
    super({ code: 'ORRERY_CLI_WRONG_USE', status: 400, message, hint })
  }
}

export class ServerDidNotStart extends OrreryError {
  constructor(how: string, words: string) {
    super({
      code: 'ORRERY_CLI_SERVER_DID_NOT_START',
      status: 500,
      message: `The server ended before it was ready (${how}).${words ? ` It said: ${words}` : ''}`,
      hint: 'Mend what it says; `orrery doctor` looks for more.',
    })
  }
}

export class ServerLost extends OrreryError {
  constructor(how: string, words: string) {
    super({
      code: 'ORRERY_CLI_SERVER_LOST',
      status: 500,
      message: `The server ended while it was needed (${how}).${words ? ` It said: ${words}` : ''}`,
      hint: 'What it had acknowledged is in its home folder; start it there again with `orrery up --home …`.',
    })
  }
}

export class GraphFileInvalid extends OrreryError {
  constructor(file: string, problem: string) {
    super({
      code: 'ORRERY_CLI_GRAPH_FILE_INVALID',
      status: 400,
      message: `${file} is no inference graph: ${problem}.`,
      hint: 'It needs `parts` (names with model@version) and `answer`; see docs/guide/serving.md.',
    })
  }
}
