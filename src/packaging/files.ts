import { constants } from 'node:fs'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Blobs } from '#platform/blobs'
import type { ModelVersion } from '#registry/contract'
import type { Tracking } from '#tracking'
import { ModelFilesUnfit } from './errors.ts'

const MOST_FILES = 10_000
const MOST_BYTES = 4 * 1024 ** 3
/** What a protobuf message may have. */
const LARGEST_ONNX = 2 * 1024 ** 3 - 1

/** The files of a logged model, by their paths inside it. */
export type ModelFiles = ReadonlyMap<string, { hash: string; size: number }>

/** Whose artifacts a version's files are, and in which folder of them. */
export function placeOfFiles({
  loggedModel,
  location,
}: Pick<ModelVersion, 'loggedModel' | 'location'>): { owner: string; folder: string | undefined } | undefined {
  if (loggedModel !== null) return { owner: loggedModel, folder: undefined }
  const { run, path } =
    /^runs:\/+(?<run>[^/]+)\/(?<path>.+?)\/*$/s.exec(location)?.groups ??
    /^mlflow-artifacts:.*?\/(?<run>[0-9a-zA-Z-]+)\/artifacts\/(?<path>.+?)\/*$/s.exec(location)?.groups ??
    {}
  return run === undefined ? undefined : { owner: run, folder: path }
}

/** @throws ModelFilesUnfit */
export async function filesOf(
  tracking: Pick<Tracking, 'artifacts'>,
  version: Pick<ModelVersion, 'loggedModel' | 'location'>,
): Promise<ModelFiles> {
  const place = placeOfFiles(version)
  if (!place) throw new ModelFilesUnfit(`they are not on this server but at ${version.location.slice(0, 200)}`)
  const { owner, folder } = place
  const found = await tracking.artifacts(owner, folder)
  const bytes = found.reduce((sum, { size }) => sum + size, 0)
  if (found.length > MOST_FILES || bytes > MOST_BYTES)
    throw new ModelFilesUnfit(`they are ${found.length} of ${bytes} bytes together, more than 10,000 or 4 GiB`)
  const files = new Map(
    found.map(({ path, hash, size }) => [folder ? path.slice(folder.length + 1) : path, { hash, size }]),
  )
  if (!files.has('MLmodel')) throw new ModelFilesUnfit('there is no MLmodel among them')
  return files
}

const LARGEST_TEXT = 4 * 1024 * 1024

/** @throws ModelFilesUnfit */
export async function readText(blobs: Blobs, files: ModelFiles, name: string): Promise<string> {
  const file = files.get(name)
  if (!file) throw new ModelFilesUnfit(`there is no ${name} among them`)
  if (file.size > LARGEST_TEXT) throw new ModelFilesUnfit(`${name} has ${file.size} bytes`)
  return readFile(await blobs.path(file.hash), 'utf8')
}

/** @throws ModelFilesUnfit */
export function onnxFile(files: ModelFiles, name: string): { hash: string; size: number } {
  const file = files.get(name)
  if (!file) throw new ModelFilesUnfit(`there is no ${name} among them`)
  if (file.size > LARGEST_ONNX) throw new ModelFilesUnfit(`${name} has ${file.size} bytes, more than 2 GiB`)
  return file
}

/** The files in the folder of one of them, by their names from there. */
export function filesBeside(files: ModelFiles, name: string): ModelFiles {
  const folder = name.slice(0, name.lastIndexOf('/') + 1)
  const beside = [...files].filter(([path]) => path !== name && path.startsWith(folder))
  return new Map(beside.map(([path, file]) => [path.slice(folder.length), file]))
}

/** Copies the files into a folder: what is going to read them may write to them, too. */
export async function layOut(blobs: Blobs, files: ModelFiles, folder: string): Promise<void> {
  for (const [path, { hash }] of files) {
    const place = join(folder, path)
    await mkdir(dirname(place), { recursive: true })
    await copyFile(await blobs.path(hash), place, constants.COPYFILE_FICLONE)
  }
}
