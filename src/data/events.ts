import type { NewEvent } from '#platform/events'
import type { DataVersionSummary } from './contract.ts'

/** A dataset has a new version. */
export function versionCreated(version: DataVersionSummary): NewEvent {
  const { id, project, dataset, number, rows, contentHash, parent, source } = version
  return {
    type: 'data.version_created',
    project,
    subject: id,
    data: { dataset, number, rows, contentHash, parent, added: source.kind === 'appended' ? source.rows : rows },
  }
}
