import { runInChild } from '#platform/process'
import type { PreviewWork } from './preview-worker.ts'

/** For somebody who waits for it: SQL that never ends ends here. */
const LIMITS = { timeoutMs: 60_000, memoryMb: 1_024, residentMb: 2_048 }

/**
 * Tries a recipe out in a process of its own.
 *
 * @param options.timeoutMs when it has to read its tables, too
 * @throws ChildTimedOut, ChildTooLarge and whatever reading throws
 */
export function previewInChild<Output>(
  work: PreviewWork,
  options: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<Output> {
  return runInChild<Output>(new URL('./preview-worker.ts', import.meta.url), work, {
    ...{ what: 'Trying the recipe out', ...LIMITS, ...options },
  })
}
