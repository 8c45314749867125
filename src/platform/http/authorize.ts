/** Who asks, and what they may do; `access` makes these. */
export interface Principal {
  /** `local`, a user or a service account; shown in the audit and in every approval. */
  readonly name: string
  readonly roles: readonly string[]
}

/** Throws when the request has no identity or the identity lacks the permission. */
export type Authorize = (request: RequestOrigin, permission: string) => Promise<Principal>

/** The headers that tell who asks, and from where. */
export interface RequestOrigin {
  readonly authorization: string | undefined
  readonly host: string | undefined
  /** Set by browsers on requests that a page makes. */
  readonly origin: string | undefined
}
