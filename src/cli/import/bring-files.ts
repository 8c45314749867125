import type { Artifact } from '#tracking/contract'
import { asOrreryError } from '#platform/errors'
import { type OrreryDoor, ReadingFailed } from './orrery-door.ts'
import type { ArtifactOwner, MlflowSource, SourceFile } from './source.ts'
import { type SeenFile, type Tally, UNREAD } from './tally.ts'

/** Files under way at the same time: most are small, and each waits for a disk to sync. */
const AT_ONCE = 6

export interface BringFiles {
  /** Brings what is not there yet. @returns all that the source has, and whether all of it could be read */
  bring(owner: ArtifactOwner, here: string, kept: readonly Artifact[]): Promise<{ files: SeenFile[]; whole: boolean }>
}

/** Artifacts: listed at the source each time, sent where the file here is missing or of another size. */
export function openBringFiles(needs: {
  source: MlflowSource
  orrery: OrreryDoor
  tally: Tally
  thorough: boolean
  progress(at: { bytes: number }): void
}): BringFiles {
  const { source, orrery, tally, thorough, progress } = needs
  const free = openPlaces(AT_ONCE)

  async function one(owner: ArtifactOwner, here: string, file: SourceFile, kept: Artifact | undefined) {
    const size = file.size ?? 0
    if (kept && kept.size === size && !thorough) return { path: file.path, size, hash: undefined }
    const what = `${owner.kind === 'run' ? 'run' : 'logged model'} ${owner.id}: artifact ${file.path}`
    try {
      const { kept: now, read } = await orrery.upload(here, file.path, () => source.open(owner, file.path))
      progress({ bytes: now.size })
      if (now.hash !== read) tally.differ({ what, reason: 'what arrived is not what was sent' })
      if (now.size !== size)
        tally.differ({ what, reason: `the source lists ${size} bytes and gave ${now.size}`, hint: 'Import once more.' })
      else if (kept?.hash !== now.hash) tally.add('artifacts', { brought: 1 })
      if (kept?.hash !== now.hash) tally.add('artifact bytes', { brought: now.size })
      return { path: file.path, size, hash: read }
    } catch (error) {
      if (error instanceof ReadingFailed) tally.differ({ what, reason: `it cannot be read (${error.message})` })
      else if (asOrreryError(error)?.code === 'ORRERY_TRACKING_ARTIFACT_PATH_INVALID')
        tally.differ({ what, reason: (error as Error).message })
      else throw error
      return { path: file.path, size, hash: UNREAD }
    }
  }

  return {
    bring: async (owner, here, kept) => {
      const byPath = new Map(kept.map((artifact) => [artifact.path, artifact]))
      const found: SourceFile[] = []
      try {
        await free(async () => {
          for await (const file of source.files(owner)) found.push(file)
        })
      } catch (error) {
        const known = asOrreryError(error)
        const isOneOwners = known?.code === 'ORRERY_IMPORT_ARTIFACTS_UNREACHABLE' || !known
        if (!isOneOwners) throw error
        tally.differ({
          what: `${owner.kind === 'run' ? 'run' : 'logged model'} ${owner.id}`,
          reason: (error as Error).message,
          ...(known && { hint: known.hint }),
        })
        return { files: [], whole: false }
      }
      const files = await Promise.all(found.map((file) => free(() => one(owner, here, file, byPath.get(file.path)))))
      return { files, whole: true }
    },
  }
}

/** At most `places` pieces of work at a time; the others wait in order. */
function openPlaces(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let busy = 0
  return async (work) => {
    if (busy >= places) await new Promise<void>((go) => waiting.push(go))
    else busy++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else busy--
    }
  }
}
