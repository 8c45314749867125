import { createWriteStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { lookOf, type PictureSize, readPicture } from '#pictures'
import { NoLabelledPictures, PicturesBroken } from './errors.ts'

const PICTURE = /\.(jpe?g|png)$/i
/** Decoded side by side: as many as the pool of threads has. */
const AT_ONCE = 4
/** A camera that died leaves a broken file or two; more are a broken copy. */
const MOST_BROKEN = 0.01

/** A folder of pictures as a table. */
export interface ListedPictures {
  /** JSON lines: a row per picture. */
  path: string
  pictures: number
  /** Files that could not be decoded, and why; they are in no row. */
  broken: { file: string; reason: string }[]
}

/**
 * Lists the pictures below a folder, in the order of their paths: what each is (hash, size, statistics) and its label, the
 * name of the folder it lies in. One after the other: there may be more of them than memory.
 *
 * @param target the file to write
 * @throws NoLabelledPictures, PicturesBroken
 */
export async function listPictures(
  { folder, source, label, size }: { folder: string; source: string; label: string; size: PictureSize },
  target: string,
  progress: (message: string, fraction?: number) => void,
): Promise<ListedPictures> {
  const root = resolve(folder, source)
  const files = await picturesBelow(root)
  if (files.length === 0) throw new NoLabelledPictures(source)
  const broken: ListedPictures['broken'] = []
  async function* lines() {
    for (let from = 0; from < files.length; from += AT_ONCE) {
      if (from % 200 === 0) progress(`looking at ${files.length} pictures`, from / files.length)
      for (const row of await Promise.all(files.slice(from, from + AT_ONCE).map(rowOf)))
        if (row) yield `${JSON.stringify(row)}\n`
    }
  }

  async function rowOf(path: string) {
    const file = relative(root, path)
    try {
      const { hash, width, height, bytes, statistics } = await readPicture(await readFile(path), size)
      const about = { width, height, bytes, ...statistics, ...lookOf(statistics) }
      return { picture: hash, file, ...about, [label]: basename(dirname(path)) }
    } catch (error) {
      broken.push({ file, reason: (error as Error).message })
      return undefined
    }
  }

  await pipeline(Readable.from(lines()), createWriteStream(target))
  if (broken.length > MOST_BROKEN * files.length) throw new PicturesBroken(source, broken, files.length)
  return { path: target, pictures: files.length - broken.length, broken }
}

async function picturesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && PICTURE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
