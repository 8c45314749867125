import { OrreryError } from '#platform/errors'

export class NotIdentified extends OrreryError {
  constructor() {
    super({
      code: 'ORRERY_ACCESS_NOT_IDENTIFIED',
      status: 401,
      message: 'This server wants to know who asks, and the request carries no valid token.',
      hint: 'Send `authorization: Bearer <token>`; an admin makes one with `orrery token create <name> --role <role>`.',
    })
  }
}

export class NotPermitted extends OrreryError {
  constructor(name: string, roles: readonly string[], permission: string) {
    super({
      code: 'ORRERY_ACCESS_NOT_PERMITTED',
      status: 403,
      message: `"${name}" (${roles.join(', ') || 'no role'}) may not do ${permission}.`,
      hint: 'Ask an admin for a token with a role that may.',
      details: { permission },
    })
  }
}

export class OpenAddressWithoutTokens extends OrreryError {
  constructor(host: string) {
    super({
      code: 'ORRERY_ACCESS_OPEN_ADDRESS',
      status: 500,
      message: `Orrery will not listen on ${host}: anybody who reaches that address would be admin.`,
      hint: 'Create a token first (`orrery token create <name> --role admin`), then start again; or listen on 127.0.0.1.',
    })
  }
}

export class ForeignPage extends OrreryError {
  constructor(from: string) {
    super({
      code: 'ORRERY_ACCESS_FOREIGN_PAGE',
      status: 403,
      message: `A page of "${from.slice(0, 200)}" asks in the name of whoever sits at this machine; that needs a token.`,
      hint: 'Open Orrery under its own address, or send `authorization: Bearer <token>`.',
    })
  }
}

/** The server was started with one token, and the caller has another or none. */
export class TokenWanted extends OrreryError {
  constructor() {
    super({
      code: 'ORRERY_ACCESS_TOKEN_WANTED',
      status: 401,
      message: 'This server was started with a token, and the request carries another one or none.',
      hint: 'Send `authorization: Bearer <token>`.',
    })
  }
}
