import type { Blobs } from '#platform/blobs'
import type { Storage, Tx } from '#platform/storage'
import { checkArtifactPath } from './artifact-path.ts'
import type { Artifact } from './contract.ts'
import { ArtifactPathInvalid, ArtifactUnknown, InBin, RunUnknown } from './errors.ts'
import { checkFree, type KeeperOf } from './keeper.ts'
import { artifactAt, artifactsOf, deleteArtifacts, insertArtifact } from './store/artifacts.ts'
import { loggedModelById } from './store/logged-models.ts'
import { runRow } from './store/runs.ts'

/** Files by path, each owned by a run or by a logged model: `owner` is the id of either. */
export interface Artifacts {
  /**
   * Keeps a file as it arrives; it is there once the promise resolves, whole, and replaces one at the same path.
   *
   * @throws ArtifactPathInvalid, RunUnknown, InBin
   */
  addArtifact(
    owner: string,
    path: string,
    bytes: Parameters<Blobs['put']>[0],
    options?: { alsoInBin?: boolean },
  ): Promise<Artifact>
  /** By path. @param folder only what lies in it, however deep */
  artifacts(owner: string, folder?: string): Promise<Artifact[]>
  /** Where the bytes lie, checked against their hash. @throws ArtifactUnknown */
  openArtifact(owner: string, path: string): Promise<Artifact & { file: string }>
  /** Removes a file, or a folder with all that lies in it; nothing where there is neither. @throws Kept */
  removeArtifacts(owner: string, path?: string): Promise<void>
}

export function openArtifacts(needs: { storage: Storage; blobs: Blobs; keeperOf: KeeperOf }): Artifacts {
  const { storage, blobs, keeperOf } = needs

  async function requireWritable(from: Storage | Tx, owner: string, alsoInBin = false): Promise<void> {
    const run = await runRow(from, owner)
    const found = run ? { deletedAt: run.deleted_at } : await loggedModelById(from, owner)
    if (!found) throw new RunUnknown(owner)
    if (found.deletedAt !== null && !alsoInBin) throw new InBin(`${run ? 'run' : 'logged model'} ${owner}`)
  }

  return {
    addArtifact: async (owner, path, bytes, { alsoInBin = false } = {}) => {
      checkArtifactPath(path)
      // Refused before a gigabyte has arrived, and once more below because that may take an hour.
      await requireWritable(storage, owner, alsoInBin)
      const artifact = { path, ...(await blobs.put(bytes)) }
      await storage.write(async (tx) => {
        await requireWritable(tx, owner, alsoInBin)
        await refuseFileAsFolder(tx, owner, path)
        await insertArtifact(tx, owner, artifact)
      })
      return artifact
    },
    artifacts: (owner, folder) => artifactsOf(storage, owner, folder),
    openArtifact: async (owner, path) => {
      const [artifact] = await artifactAt(storage, owner, [path])
      if (!artifact) throw new ArtifactUnknown(owner, path)
      return { ...artifact, file: await blobs.path(artifact.hash) }
    },
    removeArtifacts: (owner, path) =>
      storage.write(async (tx) => {
        await requireWritable(tx, owner)
        // Files of a run are many things; those of a logged model are the model.
        await checkFree(keeperOf, tx, 'logged models', [owner])
        const inside = await artifactsOf(tx, owner, path)
        const paths = inside.map((artifact) => artifact.path)
        await deleteArtifacts(tx, owner, path === undefined ? paths : [path, ...paths])
      }),
  }
}

/** A name is a file or a folder: what was both could not be downloaded. */
async function refuseFileAsFolder(tx: Tx, owner: string, path: string): Promise<void> {
  const names = path.split('/')
  const above = names.slice(1).map((_, i) => names.slice(0, i + 1).join('/'))
  const [file] = await artifactAt(tx, owner, above)
  if (file) throw new ArtifactPathInvalid(path, `"${file.path}" is a file`)
  const [inside] = await artifactsOf(tx, owner, path)
  if (inside) throw new ArtifactPathInvalid(path, `it is a folder, with "${inside.path}"`)
}
