import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { inWords } from './disk-errors.ts'
import { writeDurably } from './durable.ts'
import { DatasetPlaceRefused, NoDataset } from './errors.ts'
import { withIgnored } from './gitignore.ts'
import { type DataHome, repositoryOf } from './home.ts'
import { eachEntry, type Entry, readManifest } from './manifest.ts'
import { POINTER_ENDING, type Pointer, pointerOf, readPointer, writePointer } from './pointer.ts'
import { piecesOfBlob, readBlob } from './put-blob.ts'

/** Where a dataset stands in a working tree. */
export interface Place {
  /** The file or folder, absolute. */
  readonly path: string
  readonly pointerFile: string
  readonly repository: string | undefined
  /** From the root of the repository, `/` between parts: how people and the server call it. */
  readonly name: string
  readonly statCache: string
}

/** The dataset at a path; its pointer file may be named instead. */
export function placeOf(written: string, cwd: string, home: DataHome): Place {
  const asked = resolve(cwd, written)
  const path = asked.endsWith(POINTER_ENDING) ? asked.slice(0, -POINTER_ENDING.length) : asked
  const repository = repositoryOf(dirname(path))
  const name = relative(repository ?? cwd, path)
    .split(sep)
    .join('/')
  const key = createHash('sha256').update(path).digest('hex').slice(0, 32)
  return { path, pointerFile: pointerOf(path), repository, name, statCache: join(home.statCaches, key) }
}

/** The pointer beside a dataset; `undefined` when it has none yet. */
export function pointerAt(place: Place): Pointer | undefined {
  if (!existsSync(place.pointerFile)) return undefined
  return readPointer(readFileSync(place.pointerFile, 'utf8'), place.pointerFile)
}

export function knownPointerAt(place: Place): Pointer {
  const pointer = pointerAt(place)
  if (!pointer) throw new NoDataset(place.name)
  return pointer
}

/** Writes the pointer and keeps the files themselves out of git; what is right already is not touched. */
export function savePointer(place: Place, pointer: Pointer): boolean {
  const text = writePointer(pointer)
  const was = existsSync(place.pointerFile) ? readFileSync(place.pointerFile, 'utf8') : undefined
  try {
    if (place.repository) keepOutOfGit(place)
    if (was === text) return false
    writeDurably(place.pointerFile, text)
    return true
  } catch (error) {
    throw inWords(error, dirname(place.pointerFile))
  }
}

function keepOutOfGit({ path }: Place): void {
  const file = join(dirname(path), '.gitignore')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const wanted = withIgnored(text, basename(path))
  if (wanted !== undefined) writeDurably(file, wanted)
}

/** Refuses what could not be told apart from the repository, the home, or another dataset. */
export function checkPlace({ path, name }: Place, home: DataHome): void {
  const refuse = (why: string, hint: string) => {
    throw new DatasetPlaceRefused(name || path, why, hint)
  }
  if (path === dirname(path)) refuse('it is the root of a disk', 'Name a folder in it.')
  if (/[\n\r]/.test(basename(path))) refuse('its name has a line break in it', 'Rename it.')
  if (existsSync(join(path, '.git'))) refuse('it is a git repository', 'Name a folder or a file in it.')
  if (`${home.folder}${sep}`.startsWith(`${path}${sep}`))
    refuse('Orrery keeps its own files in it', 'Name a folder beside it, or move the home with ORRERY_HOME.')
  if (lstatSync(path).isSymbolicLink())
    refuse('it is a symbolic link', 'Name what it leads to, or copy that here: a version holds files, not links out.')
  for (let above = dirname(path); above !== dirname(above); above = dirname(above))
    if (existsSync(pointerOf(above)))
      refuse(`it is inside the dataset ${above}`, `Add that one: orrery data add ${above}`)
}

/** The entries of a version, from the store. A single file is one entry without a path. */
export function entriesOf(
  home: DataHome,
  pointer: Pick<Pointer, 'kind' | 'version' | 'bytes' | 'executable'>,
): Entry[] {
  const hash = pointer.version.slice('sha256:'.length)
  if (pointer.kind === 'folder') return readManifest(readBlob(home, hash).toString('utf8'), pointer.version)
  return [{ path: '', mode: pointer.executable ? 'executable' : 'file', size: pointer.bytes, hash }]
}

/** The same, one after the other, for who only reads them: see `eachEntry`. */
export function* eachEntryOf(
  home: Pick<DataHome, 'blobs'>,
  pointer: Pick<Pointer, 'kind' | 'version' | 'bytes' | 'executable'>,
): Generator<Entry> {
  const hash = pointer.version.slice('sha256:'.length)
  if (pointer.kind === 'folder') yield* eachEntry(piecesOfBlob(home, hash), pointer.version)
  else yield { path: '', mode: pointer.executable ? 'executable' : 'file', size: pointer.bytes, hash }
}

/** Whether the store knows which files a version has; of a single file the pointer tells. */
export const hasList = (home: DataHome, { kind, version }: Pick<Pointer, 'kind' | 'version'>): boolean =>
  kind === 'file' || existsSync(blobPlace(home.blobs, version.slice('sha256:'.length)))

/** What the server files the dataset under. */
export function projectOf({ repository, path }: Place): string {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(folder, 'orrery.yaml')
    const written = existsSync(file) ? /^project:\s*["']?([^\s"'#]+)/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined
    if (written) return written
    if (folder === repository || folder === dirname(folder)) return basename(repository ?? dirname(path))
  }
}
