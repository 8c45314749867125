import type { Random } from './random.ts'

/** `wanted` of the rows, or all, each at most once, in ascending order. */
export function sampleRows(rows: number, wanted: number, random: Random): Uint32Array {
  const all = Uint32Array.from({ length: rows }, (_, i) => i)
  if (rows <= wanted) return all
  // The first steps of Fisher and Yates's shuffle.
  for (let i = 0; i < wanted; i++) {
    const other = i + random.below(rows - i)
    const row = all[i]!
    all[i] = all[other]!
    all[other] = row
  }
  return all.slice(0, wanted).sort()
}
