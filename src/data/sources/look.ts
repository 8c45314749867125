import { findFiles } from './find-files.ts'
import { placeOf, type SourceSpec } from './place.ts'

/**
 * What a source looks like from outside: as long as it stays the same, its rows do too. `undefined` when only reading it
 * tells.
 */
export async function lookOfSource(spec: SourceSpec, folder: string): Promise<string | undefined> {
  if (spec.sha256 !== undefined) return JSON.stringify(spec)
  if (placeOf(spec.source, spec) !== 'files') return undefined
  return JSON.stringify([await findFiles(spec.source, folder), spec])
}
