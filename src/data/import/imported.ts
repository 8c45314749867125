import { Expectation } from '#projects/contract'

/** What came of a suite of another tool. */
export interface Imported {
  /** Entries as they stand under `expect:`. */
  entries: Record<string, unknown>[]
  /** What has no place here, and why. */
  skipped: { what: string; why: string }[]
}

/** Collects entries; one that would not be a valid entry is skipped, with what is wrong with it. */
export function collector() {
  const imported: Imported = { entries: [], skipped: [] }
  return {
    imported,
    skip: (what: string, why: string) => void imported.skipped.push({ what, why }),
    add: (what: string, written: Record<string, unknown>) => {
      const entry = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined))
      const { success, error } = Expectation.safeParse(entry)
      if (success) imported.entries.push(entry)
      else imported.skipped.push({ what, why: error.issues[0]!.message.split('\n')[0]! })
    },
  }
}

/** `0.05` as `5%`. */
export function percentage(share: unknown): string | null {
  return typeof share === 'number' ? `${Number((share * 100).toPrecision(12))}%` : null
}
