import { InferRequestInvalid } from './errors.ts'

/** Nobody nests tensors this deep; what does would cost memory before anything else could refuse it. */
const DEEPEST = 64
/** A text this short cannot be deep enough to do harm, even when it is nothing but brackets. */
const SHALLOW_BYTES = 2 * 1024

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * JSON as the clients of the protocol write it: Python's `NaN`, `Infinity` and `-Infinity` are read as the texts of those
 * names, as protocol buffers write them in JSON.
 *
 * @throws InferRequestInvalid
 */
export function parseJson(text: string): unknown {
  if (text.length > SHALLOW_BYTES) refuseDeep(text)
  try {
    return JSON.parse(text)
  } catch (error) {
    try {
      if (/NaN|Infinity/.test(text)) return JSON.parse(withQuotedNumbers(text))
    } catch {
      // The first error says where.
    }
    throw new InferRequestInvalid(`it is no JSON (${(error as Error).message.slice(0, 200)})`, 'Send well-formed JSON.')
  }
}

/**
 * The same text with whole numbers that a float64 cannot hold as `bigint`. Looking at every value costs several times as
 * much as reading them, so this is asked only where there is such a number.
 */
export function parseJsonExactly(text: string): unknown {
  const exactly = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && context?.source && /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value
  // What TypeScript does not know yet: the source of each value is handed to the reviver.
  const parse = (json: string) => JSON.parse(json, exactly as (key: string, value: unknown) => unknown)
  try {
    return parse(text)
  } catch {
    return parse(withQuotedNumbers(text))
  }
}

function withQuotedNumbers(text: string): string {
  let quoted = ''
  for (let from = 0; from < text.length; ) {
    const string = text.indexOf('"', from)
    const until = string < 0 ? text.length : string
    quoted += text.slice(from, until).replace(/-?Infinity|NaN/g, '"$&"')
    from = string < 0 ? until : endOfString(text, string)
    quoted += text.slice(until, from)
  }
  return quoted
}

/** The place after the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === QUOTE) return i + 1
  }
  return text.length
}

function refuseDeep(text: string): void {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i) - 1
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      if (++depth > DEEPEST) throw new InferRequestInvalid(`it is nested deeper than ${DEEPEST}`, 'Send flat data.')
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--
  }
}
