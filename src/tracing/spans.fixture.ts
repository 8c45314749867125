import type { Span } from './span.ts'

/** An id of a trace that reads as its number. */
export const traceId = (number: number) => `tr-${number.toString(16).padStart(32, '0')}`

/** 2026-01-01 */
export const START = 1_767_225_600_000n * 1_000_000n

/** A span that began `at` ms after `START` and took `took` ms. */
export function span(
  trace: string,
  number: number,
  { at = 0, took = 10, ...fields }: Partial<Omit<Span, 'id' | 'trace'>> & { at?: number; took?: number | null } = {},
): Span {
  const startedNs = START + BigInt(at) * 1_000_000n
  return {
    trace,
    id: number.toString(16).padStart(16, '0'),
    parent: null,
    name: `span ${number}`,
    type: 'UNKNOWN',
    status: 'unset',
    message: '',
    startedNs,
    endedNs: took === null ? null : startedNs + BigInt(took) * 1_000_000n,
    attributes: {},
    events: [],
    links: [],
    inputsKey: null,
    outputsKey: null,
    tokens: null,
    ...fields,
  }
}
