import { glob, readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { SourceNotAFile, SourceNotFound, SourceUnreadable, TableEmpty, TooManyFiles } from '../errors.ts'
import { MAX_FILES } from '../limits.ts'
import type { SourceFile } from './resolved.ts'
import { isTableName } from './format.ts'

/**
 * The files of a path, a folder or a glob, in the order of their names. A folder is all the tables below it; names
 * that begin with a dot or an underscore are what other tools keep beside tables.
 *
 * @param isWanted which of a folder's files are meant, by their names
 * @throws SourceNotFound, SourceNotAFile, SourceUnreadable, TableEmpty, TooManyFiles
 */
export async function findFiles(
  source: string,
  folder: string,
  isWanted: (name: string) => boolean = isTableName,
): Promise<SourceFile[]> {
  const nameOf = (path: string) => (isAbsolute(source) ? path : relative(folder, path) || path)
  const literal = resolve(folder, source)
  const found = await stat(literal).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new SourceUnreadable(source, error.message)
  })
  if (found && !found.isDirectory()) return [await fileAt(literal, nameOf(literal))]
  const paths = found ? await filesIn(literal, source, isWanted) : await matching(source, folder, isWanted)
  if (paths.length === 0) throw new SourceNotFound(source, folder, found && 'no table in the folder')
  return Promise.all(
    paths.map(async (path) => {
      const partition = partitionOf(nameOf(path))
      return { ...(await fileAt(path, nameOf(path))), ...(partition.length > 0 && { partition }) }
    }),
  )
}

/** A name that exists wins over its meaning as a pattern, so `[x].csv` can be read; folders that match are read whole. */
async function matching(source: string, folder: string, isWanted: (name: string) => boolean): Promise<string[]> {
  if (!/[*?[{]/.test(source)) return []
  const paths = new Set<string>()
  for await (const match of glob(source, { cwd: folder })) {
    const path = resolve(folder, match)
    const isFolder = await stat(path).then(
      (one) => one.isDirectory(),
      () => false,
    )
    for (const one of isFolder ? await filesIn(path, source, isWanted) : [path]) paths.add(one)
    if (paths.size > MAX_FILES) throw new TooManyFiles(source, MAX_FILES)
  }
  return [...paths].sort()
}

async function filesIn(top: string, source: string, isWanted: (name: string) => boolean): Promise<string[]> {
  const paths: string[] = []
  // Where folders really are: a link that leads back up is not followed again.
  const seen = new Set<string>()
  const walk = async (folder: string): Promise<void> => {
    const place = await realpath(folder)
    if (seen.has(place)) return
    seen.add(place)
    const names = await readdir(folder).catch((error) => {
      throw new SourceUnreadable(source, error.message)
    })
    for (const name of names) {
      if (/^[._]/.test(name)) continue
      const path = join(folder, name)
      const found = await stat(path).catch(() => undefined)
      if (found?.isDirectory()) await walk(path)
      else if (found?.isFile() && isWanted(name)) paths.push(path)
      if (paths.length > MAX_FILES) throw new TooManyFiles(source, MAX_FILES)
    }
  }
  await walk(top)
  return paths.sort()
}

/** The parts of a path that name a column and its value, as Hive wrote them: `year=2024`. */
export function partitionOf(path: string): string[] {
  return path
    .split(/[\\/]/)
    .slice(0, -1)
    .filter((part) => /^[^=]+=./.test(part))
}

export async function fileAt(link: string, name: string): Promise<SourceFile> {
  const path = await realpath(link)
  const found = await stat(path)
  if (!found.isFile()) throw new SourceNotAFile(name)
  if (found.size === 0) throw new TableEmpty(name, 'is an empty file')
  return { path, name, bytes: found.size, modifiedMs: found.mtimeMs }
}
