import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ArtifactsUnreachable } from './errors.ts'
import type { SourceFile } from './source.ts'

/** The files below a folder, with `/` between names whatever the system. */
export async function* filesBelow(root: string, folder = ''): AsyncGenerator<SourceFile> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder ? `${folder}/${entry.name}` : entry.name
    if (entry.isDirectory()) yield* filesBelow(root, path)
    // A link to a folder could lead anywhere, in a circle too; one to a file is that file.
    else if (entry.isFile()) yield { path, size: (await stat(join(root, path))).size }
    else if (entry.isSymbolicLink()) {
      const target = await stat(join(root, path)).catch(() => undefined)
      yield { path, size: target?.isFile() ? target.size : undefined }
    }
  }
}

/** Names of files below a folder of params, tags or metrics: a key with `/` is in a folder of its own. */
export function keysBelow(root: string, folder = ''): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name
    return entry.isDirectory() ? keysBelow(root, path) : [path]
  })
}

/** Opens a file now, so that one that vanished is noticed before anything is sent. */
export async function openFile(root: string, path: string): Promise<Readable> {
  const stream = createReadStream(join(root, path))
  await new Promise<void>((opened, failed) => {
    stream.once('open', () => opened())
    stream.once('error', failed)
  })
  return stream
}

export interface ArtifactPlaces {
  /** Where `mlflow-artifacts:` leads to: what the server was started with as --artifacts-destination. */
  destination: string | undefined
  /** Relative addresses are relative to this. */
  base: string
}

/**
 * The folder that an `artifact_uri` means on this machine.
 *
 * @param instead where the files are if they moved with the rest
 * @throws ArtifactsUnreachable
 */
export function artifactFolder(uri: string, { destination, base }: ArtifactPlaces, instead?: string): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(uri) ?? []
  const atHand = instead !== undefined && existsSync(instead) && statSync(instead).isDirectory()
  if (scheme === 'mlflow-artifacts') {
    const path = uri.replace(/^mlflow-artifacts:(\/\/[^/]*)?\/*/, '')
    if (destination !== undefined) return join(localPath(destination), path)
    if (atHand) return instead
    throw new ArtifactsUnreachable(
      uri,
      'They are with its server: say with --artifacts which folder that keeps them in (its --artifacts-destination), or import from the server.',
    )
  }
  if (scheme && scheme !== 'file') {
    if (atHand) return instead
    throw new ArtifactsUnreachable(
      uri,
      `They are in ${scheme}: import from a running MLflow server, which reads them with its own credentials.`,
    )
  }
  const path = localPath(uri)
  const folder = isAbsolute(path) ? path : resolve(base, path)
  return !existsSync(folder) && atHand ? instead : folder
}

export function localPath(uri: string): string {
  if (!uri.startsWith('file:')) return uri
  return uri.startsWith('file:/') ? fileURLToPath(new URL(uri)) : uri.slice('file:'.length)
}
