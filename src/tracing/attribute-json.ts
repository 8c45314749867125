import type { AttributeValue } from './span.ts'

/** Two functions of JSON that let text through as it is; the types of the language do not know them yet. */
const exact = JSON as unknown as {
  rawJSON(text: string): unknown
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}

/**
 * Values as JSON text that keeps what JSON's own numbers lose: `1.0` stays apart from `1`, and whole numbers of 64 bits
 * keep every digit. What is no finite number becomes text, as protocol buffers write it.
 */
export function encodeValues(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return exact.rawJSON(String(part))
    if (typeof part !== 'number') return part
    if (!Number.isFinite(part)) return String(part)
    return Number.isInteger(part) ? exact.rawJSON(wholeWithFraction(part)) : part
  })
}

/** The inverse of `encodeValues`; reads any JSON: numbers without fraction and exponent are whole. @throws SyntaxError */
export function decodeValues(text: string): AttributeValue {
  return exact.parse(text, (_, part, { source }) =>
    typeof part === 'number' && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : part,
  ) as AttributeValue
}

function wholeWithFraction(number: number): string {
  const text = Object.is(number, -0) ? '-0' : String(number)
  return text.includes('e') ? text : `${text}.0`
}
