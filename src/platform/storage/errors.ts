import { OrreryError } from '#platform/errors'

export class StorageClosed extends OrreryError {
  constructor() {
    super({
      code: 'ORRERY_STORAGE_CLOSED',
      status: 503,
      message: 'The server is shutting down and takes no more writes.',
      hint: 'Send the request again when the server is ready.',
    })
  }
}

export class StorageFull extends OrreryError {
  constructor(cause: unknown) {
    super({
      code: 'ORRERY_STORAGE_FULL',
      status: 507,
      message: 'The disk of the database is full; this was not kept.',
      hint: 'Free some space, then send it again; everything acknowledged before is safe.',
      cause,
    })
  }
}

/** SQLITE_FULL; the file system's own word, from a sync; PostgreSQL's disk_full. */
const FULL: readonly unknown[] = [13, 'ENOSPC', '53100']

/** A full disk in words; any other failure as it is. */
export function explainFailure(error: unknown): unknown {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown }
  return FULL.includes(errcode) || FULL.includes(code) ? new StorageFull(error) : error
}
