import { OrreryError } from '#platform/errors'

/** The first few, one a line would be too long for a message; all of them are in the details. */
const listed = (names: readonly string[]) =>
  names
    .slice(0, 8)
    .map((name) => JSON.stringify(name))
    .join(', ') + (names.length > 8 ? ` and ${names.length - 8} more` : '')

const counted = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`

const MOST_NAMED = 1000

export class ManifestBroken extends OrreryError {
  constructor(version: string, why: string) {
    super({
      code: 'ORRERY_DATA_MANIFEST_BROKEN',
      status: 422,
      message: `The list of files of version ${version} cannot be used: ${why}.`,
      hint: 'Pull the version again from a remote that has it; nothing was written.',
      details: { version },
    })
  }
}

export class PointerBroken extends OrreryError {
  constructor(file: string, why: string) {
    super({
      code: 'ORRERY_DATA_POINTER_BROKEN',
      status: 422,
      message: `${file} cannot be read: ${why}.`,
      hint: 'Take it from git again (git checkout -- <file>), or add the dataset once more.',
      details: { file },
    })
  }
}

export class NothingToAdd extends OrreryError {
  constructor(path: string) {
    super({
      code: 'ORRERY_DATA_NOTHING_TO_ADD',
      status: 404,
      message: `There is no file or folder at ${path}.`,
      hint: 'Name a file or a folder; `orrery data checkout` brings back one that a pointer file describes.',
      details: { path },
    })
  }
}

export class NoDataset extends OrreryError {
  constructor(path: string) {
    super({
      code: 'ORRERY_DATA_NO_DATASET',
      status: 404,
      message: `${path} is no dataset: there is no pointer file for it.`,
      hint: `Make one with \`orrery data add ${path}\`, or go to the folder that has it.`,
      details: { path },
    })
  }
}

export class DatasetPlaceRefused extends OrreryError {
  constructor(path: string, why: string, hint: string) {
    super({
      code: 'ORRERY_DATA_PLACE_REFUSED',
      status: 422,
      message: `${path} cannot be a dataset: ${why}.`,
      hint,
      details: { path },
    })
  }
}

export class FilesNotTaken extends OrreryError {
  constructor(folder: string, files: readonly { path: string; why: string }[]) {
    const reasons = [...new Set(files.map((file) => file.why))]
    super({
      code: 'ORRERY_DATA_FILES_NOT_TAKEN',
      status: 422,
      message: `${files.length} of the files in ${folder} cannot be taken (${reasons.slice(0, 3).join('; ')}): ${listed(files.map((file) => file.path))}.`,
      hint: 'Mend or remove them and add again; what was stored by then is not stored twice. No version was made.',
      details: { files: files.slice(0, MOST_NAMED) },
    })
  }
}

export class FilesKeptChanging extends OrreryError {
  constructor(folder: string, files: readonly string[]) {
    super({
      code: 'ORRERY_DATA_CHANGED_WHILE_ADDED',
      status: 409,
      message: `${folder} was written to while it was added, each time it was read again: ${listed(files)}.`,
      hint: 'Wait until what writes there is done, and add again. No version was made.',
      details: { files: files.slice(0, MOST_NAMED) },
    })
  }
}

export class DataDiskFull extends OrreryError {
  constructor(folder: string, cause: unknown) {
    super({
      code: 'ORRERY_DATA_DISK_FULL',
      status: 507,
      message: `The disk is full: ${folder} could not take all files.`,
      hint: 'Free some space, or work on another disk (ORRERY_HOME for the store), and start the same command again: it goes on.',
      details: { folder },
      cause,
    })
  }
}

export class FolderNotWritable extends OrreryError {
  constructor(folder: string, why: string, hint: string, cause: unknown) {
    super({
      code: 'ORRERY_DATA_FOLDER_NOT_WRITABLE',
      status: 500,
      message: `${folder} could not be written: ${why}.`,
      hint,
      details: { folder },
      cause,
    })
  }
}

export class DataLocked extends OrreryError {
  constructor(what: string) {
    super({
      code: 'ORRERY_DATA_LOCKED',
      status: 409,
      message: `Another command has been working with ${what} for ten minutes.`,
      hint: 'Wait for its end, then start this one again.',
    })
  }
}

export class VersionIncomplete extends OrreryError {
  constructor(version: string, missing: readonly string[], hint: string) {
    super({
      code: 'ORRERY_DATA_VERSION_INCOMPLETE',
      status: 409,
      message: `This store lacks ${counted(missing.length, 'blob')} of version ${version}: ${listed(missing)}.`,
      hint,
      details: { version, missing: missing.slice(0, MOST_NAMED) },
    })
  }
}

export class UnsavedChanges extends OrreryError {
  constructor(folder: string, files: readonly string[]) {
    super({
      code: 'ORRERY_DATA_UNSAVED_CHANGES',
      status: 409,
      message:
        files.length === 1 && files[0] === folder
          ? `${folder} is in no version as it is now, and would be lost.`
          : `${counted(files.length, 'file')} of ${folder} would be lost, in no version as they are now: ${listed(files)}.`,
      hint: 'Keep them with `orrery data add`, move them away, or give them up with --force. Nothing was changed.',
      details: { files: files.slice(0, MOST_NAMED), problems: files.slice(0, MOST_NAMED).map((path) => ({ path })) },
    })
  }
}

export class VersionNotFound extends OrreryError {
  constructor(asked: string, why: string) {
    super({
      code: 'ORRERY_DATA_NO_SUCH_VERSION',
      status: 404,
      message: `There is no version ${asked}: ${why}.`,
      hint: 'Name a version by its hash (12 digits are enough) or a git revision: `orrery data diff pictures HEAD~1`.',
    })
  }
}

export class RemoteUnknown extends OrreryError {
  constructor(message: string, hint: string) {
    super({ code: 'ORRERY_DATA_REMOTE_UNKNOWN', status: 404, message, hint })
  }
}

export class RemoteRefused extends OrreryError {
  constructor(remote: string, why: string, hint: string, cause?: unknown) {
    super({
      code: 'ORRERY_DATA_REMOTE_REFUSED',
      status: 502,
      message: `The remote ${remote} refused: ${why}.`,
      hint,
      details: { remote },
      cause,
    })
  }
}

export class RemoteFailed extends OrreryError {
  constructor(remote: string, why: string, cause?: unknown) {
    super({
      code: 'ORRERY_DATA_REMOTE_FAILED',
      status: 502,
      message: `The remote ${remote} failed again and again: ${why}.`,
      hint: 'Start the same command again later: what was transferred by now is not transferred twice.',
      details: { remote },
      cause,
    })
  }
}

export class RemoteLies extends OrreryError {
  constructor(remote: string, hashes: readonly string[]) {
    super({
      code: 'ORRERY_DATA_REMOTE_DAMAGED',
      status: 502,
      message: `${counted(hashes.length, 'blob')} of ${remote} with other bytes than the name says: ${listed(hashes.map((hash) => hash.slice(0, 12)))}.`,
      hint: 'Push the version again from a store that has it (--verify); nothing of these was taken.',
      details: { remote, hashes: hashes.slice(0, MOST_NAMED) },
    })
  }
}

export class StoreDamaged extends OrreryError {
  constructor(hashes: readonly string[]) {
    super({
      code: 'ORRERY_DATA_STORE_DAMAGED',
      status: 500,
      message: `${counted(hashes.length, 'blob')} of this store with other bytes than the name says: ${listed(hashes.map((hash) => hash.slice(0, 12)))}.`,
      hint: 'Remove them from the blobs folder and pull, or add the files again from where they are whole.',
      details: { hashes: hashes.slice(0, MOST_NAMED) },
    })
  }
}

export class RemoteLacks extends OrreryError {
  constructor(remote: string, version: string, missing: readonly string[]) {
    super({
      code: 'ORRERY_DATA_REMOTE_LACKS',
      status: 404,
      message: `The remote ${remote} lacks ${counted(missing.length, 'blob')} of version ${version}: ${listed(missing.map((hash) => hash.slice(0, 12)))}.`,
      hint: 'Push it from where it was made: orrery data push. What the remote has was brought.',
      details: { remote, version, missing: missing.slice(0, MOST_NAMED) },
    })
  }
}

export class HookThere extends OrreryError {
  constructor(hook: string, line: string) {
    super({
      code: 'ORRERY_DATA_HOOK_THERE',
      status: 409,
      message: `There is a hook at ${hook} already.`,
      hint: `Add this line to it: ${line}`,
    })
  }
}

export class NoRepository extends OrreryError {
  constructor(folder: string) {
    super({
      code: 'ORRERY_DATA_NO_REPOSITORY',
      status: 422,
      message: `${folder} is in no git repository.`,
      hint: 'Go to one, or make one here: git init.',
    })
  }
}

export class GarbageUnsure extends OrreryError {
  constructor(why: string, hint: string) {
    super({ code: 'ORRERY_DATA_GC_UNSURE', status: 409, message: `Nothing was removed: ${why}.`, hint })
  }
}

export class DvcUnreadable extends OrreryError {
  constructor(file: string, why: string) {
    super({
      code: 'ORRERY_DATA_DVC_UNREADABLE',
      status: 422,
      message: `${file} cannot be read as DVC writes it: ${why}.`,
      hint: 'Check it with `dvc status`; nothing of it was imported.',
      details: { file },
    })
  }
}
