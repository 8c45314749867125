import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Frame } from '#platform/table'
import { loadModel } from '#runtime'
import type { Signature } from '#runtime/contract'

/** How far the package answers from the trainer's own model, over the same rows. */
export interface Parity {
  maxAbsDifference: number
  /** |packaged − trained| / max(1, |trained|): the same as absolute for probabilities. */
  maxScaledDifference: number
  rows: number
}

/** Scores every row with the packaged file and compares with what the trainer said. */
export async function checkParity(
  onnx: Uint8Array,
  signature: Signature,
  frame: Frame,
  trained: Float64Array,
): Promise<Parity> {
  const model = await loadModel('the candidate', onnx, signature)
  try {
    const packaged = await model.predict(frame)
    let maxAbsDifference = 0
    let maxScaledDifference = 0
    packaged.forEach((value, i) => {
      const difference = Math.abs(value - trained[i]!)
      maxAbsDifference = Math.max(maxAbsDifference, difference)
      maxScaledDifference = Math.max(maxScaledDifference, difference / Math.max(1, Math.abs(trained[i]!)))
    })
    return { maxAbsDifference, maxScaledDifference, rows: frame.rows }
  } finally {
    await model.close()
  }
}

/** At most this many held-out rows travel with a version as requests for its release checks. */
const MOST_REQUESTS = 500

/** Held-out rows as the requests an endpoint gets, with the answers the trainer's own model gave: JSON lines. */
export function releaseRequests(frame: Frame, answers: Float64Array): string {
  const width = answers.length / frame.rows
  const step = Math.max(1, Math.floor(frame.rows / MOST_REQUESTS))
  const lines: string[] = []
  for (let r = 0; r < frame.rows && lines.length < MOST_REQUESTS; r += step) {
    const record = Object.fromEntries(
      frame.columns.map((column) => [
        column.name,
        column.kind === 'numeric' ? finiteOrNull(column.values[r]!) : (column.categories[column.codes[r]!] ?? null),
      ]),
    )
    lines.push(JSON.stringify({ record, answer: [...answers.subarray(r * width, (r + 1) * width)] }))
  }
  return `${lines.join('\n')}\n`
}

const finiteOrNull = (value: number) => (Number.isFinite(value) ? value : null)

/** Leaves bytes where the server picks them up. */
export async function leaveFile(folder: string, name: string, bytes: Uint8Array | string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}
