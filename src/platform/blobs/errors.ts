import { OrreryError } from '#platform/errors'

export class BlobMissing extends OrreryError {
  constructor(hash: string) {
    super({
      code: 'ORRERY_BLOB_MISSING',
      status: 404,
      message: `The blob ${hash} is not in the store.`,
      hint: 'Restore the blobs folder from its backup, or rebuild the version that refers to it.',
      details: { hash },
    })
  }
}

export class BlobDamaged extends OrreryError {
  constructor(hash: string, actual: string) {
    super({
      code: 'ORRERY_BLOB_DAMAGED',
      status: 500,
      message: `The blob ${hash} has other bytes than its name says (${actual}).`,
      hint: 'The disk or somebody changed it: restore this file from a backup; nothing was served from it.',
      details: { hash, actual },
    })
  }
}

export class BlobsFull extends OrreryError {
  constructor(cause: unknown) {
    super({
      code: 'ORRERY_BLOBS_FULL',
      status: 507,
      message: 'The disk that keeps files is full; this one was not kept.',
      hint: 'Free some space, then send it again; every file acknowledged before is safe.',
      cause,
    })
  }
}
