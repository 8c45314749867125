import { parse } from 'yaml'
import { listEntries } from '#projects'
import { ImportUnreadable } from '../errors.ts'
import { importGreatExpectations } from './great-expectations.ts'
import type { Imported } from './imported.ts'
import { importPandera } from './pandera.ts'

export interface ImportedExpectations extends Imported {
  from: 'great_expectations' | 'pandera'
  /** The entries as they stand in a project file. */
  yaml: string
}

/**
 * Reads a suite of Great Expectations (JSON) or a schema of Pandera (YAML or JSON), told apart by what they hold.
 *
 * @throws ImportUnreadable
 */
export function importExpectations(text: string, file: string): ImportedExpectations {
  let read: unknown
  try {
    // JSON is YAML; aliases are of no use here, and a small file of them can be made to grow without end.
    read = parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw new ImportUnreadable(file, (error as Error).message.split('\n')[0]!)
  }
  const keys = typeof read === 'object' && read !== null ? Object.keys(read) : []
  const from = keys.includes('expectations') ? 'great_expectations' : keys.includes('columns') ? 'pandera' : undefined
  if (!from) throw new ImportUnreadable(file, 'it has neither `expectations` nor `columns`')
  const imported = from === 'pandera' ? importPandera(read) : importGreatExpectations(read)
  return { ...imported, from, yaml: written(imported.entries) }
}

/** One entry a line, as people write them. */
const written = (entries: readonly Record<string, unknown>[]) =>
  `expect:\n${listEntries(entries).replaceAll(/^(?=.)/gm, '  ')}`
