import { QueryFailed, SourceDenied, SourceUnreachable } from '../errors.ts'
import { DOWNLOAD } from '../limits.ts'

/** A database and what is asked of it, with secrets filled in. */
export interface DatabaseCall {
  address: string
  /** As people may see it. */
  name: string
  /** One SELECT. */
  statement: string
  /** Columns that may hold what is no single value. */
  ignore: readonly string[]
}

/** What a database says of the rows without giving them. */
export interface AskedDatabase {
  columns: string[]
  /** The latest time of the column that was asked for, as the database writes it. */
  latest: string | null
}

export const PATIENCE = {
  connect: 15_000,
  /** Of the whole statement. */
  statement: DOWNLOAD.total,
  /** Of a question whose answer only stands on a card. */
  question: 8_000,
} as const

export const CHECK_LOGIN = 'Check the login, and what it may read.'
export const CHECK_DATABASE = 'See whether the database runs and can be reached from this machine: host, port, TLS.'

/** The statement as a table of its own: what is no single SELECT is refused by the database, before anything runs. */
export const asTable = (statement: string) => `(${statement}\n) AS rows_of_query`

/** Sorts what a driver threw by what a person can do about it. */
export function databaseError(
  error: unknown,
  name: string,
  is: { denied: (code: string) => boolean; refused: (code: string) => boolean },
): Error {
  const { message } = error as Error
  const code = String((error as { code?: unknown }).code ?? '')
  const said = (message || code || 'no reason was given').replace(/\.$/, '')
  if (is.denied(code)) return new SourceDenied(name, said, CHECK_LOGIN)
  if (is.refused(code)) return new QueryFailed(name, said)
  return new SourceUnreachable(name, said, CHECK_DATABASE)
}
