import { asOrreryError } from '#platform/errors'
import type { ViewDefinition } from '../definition.ts'
import type { OnlineRow } from '../online-store.ts'
import { pushedRow } from '../pushed-row.ts'
import type { LoggedRow, MessagePlace, RejectedMessage } from './log-store.ts'

/** A message of a stream. */
export interface Received extends MessagePlace {
  readonly data: Uint8Array
}

export type Judged = { readonly row: OnlineRow; readonly logged: LoggedRow } | { readonly rejected: RejectedMessage }

/** A row has at most 8 keys and some hundred features; what is larger is something else. */
const LARGEST = 256 * 1024
const SHOWN = 2_000

/** What a message says to a view; `now` in ms. */
export function judge(view: ViewDefinition, message: Received, now: number): Judged {
  const { origin, seq, data } = message
  try {
    const record = recordIn(data)
    const row = pushedRow(view, record, 0, now)
    const logged: LoggedRow = {
      ...{ origin, seq, eventTime: row.eventTime, created: row.created },
      keys: Object.fromEntries(view.entities.map((key) => [key, String(record[key])])),
      cells: Object.fromEntries(view.columns.map(({ name }, i) => [name, row.cells[i]!])),
    }
    return { row, logged }
  } catch (error) {
    const known = asOrreryError(error)
    if (!known && !(error instanceof NoRow)) throw error
    const reason = (error as Error).message.replace(/^Row 0 for "[^"]*" is not accepted: /, '')
    const body = new TextDecoder().decode(data.subarray(0, SHOWN)).replaceAll('\0', '�')
    return { rejected: { origin, seq, at: now, reason, body } }
  }
}

class NoRow extends Error {}

type Cell = number | string | boolean | null

function recordIn(data: Uint8Array): Readonly<Record<string, Cell>> {
  if (data.byteLength > LARGEST) throw new NoRow(`it is larger than ${LARGEST / 1024} KiB`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
  } catch {
    throw new NoRow('it is no JSON in UTF-8')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NoRow('it is no JSON object')
  // PostgreSQL keeps no text with this character.
  for (const [key, cell] of Object.entries(value))
    if (typeof cell === 'string' && cell.includes('\0')) throw new NoRow(`"${key}" has a character that is none`)
    else if (typeof cell === 'object' && cell !== null) delete (value as Record<string, unknown>)[key]
  return value as Record<string, Cell>
}
