import type { Duck } from './duckdb.ts'

export type Progress = (message: string, fraction?: number) => void

const EVERY_MS = 500

/** Says what is done while a long statement runs, and how much of it. */
export async function whileTelling<Made>(
  duck: Duck,
  progress: Progress | undefined,
  message: string,
  work: () => Promise<Made>,
): Promise<Made> {
  if (!progress) return work()
  progress(message)
  const timer = setInterval(() => progress(message, duck.fraction()), EVERY_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
