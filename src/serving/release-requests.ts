import type { PredictionRecord } from '#runtime'

/**
 * JSON lines of `{record, answer}`, as a pipeline run leaves them.
 * @param most lines to read
 */
export function readRequests(
  bytes: Uint8Array,
  most = Number.POSITIVE_INFINITY,
): { records: PredictionRecord[]; expected: number[] } {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString()
    .split('\n', Number.isFinite(most) ? most : undefined)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { record: PredictionRecord; answer: number[] })
  return { records: lines.map((line) => line.record), expected: lines.flatMap((line) => line.answer) }
}

/** How far an answer is from the recorded one; infinite when it is no number. */
export function differenceOf(answer: number, recorded: number): number {
  // A float32 has seven digits: what is far for a probability is rounding for an amount of a thousand.
  const difference = Math.abs(answer - recorded) / Math.max(1, Math.abs(recorded))
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference
}
