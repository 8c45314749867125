import { createWriteStream } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { BatchInputInvalid } from './errors.ts'

const PICTURE = /\.(jpe?g|jfif|png)$/i

/**
 * The pictures below a folder as JSON lines: `file`, from that folder, in the order of their paths. Names are all that is held
 * in memory; links to folders are not followed.
 *
 * @throws BatchInputInvalid
 */
export async function listPictureFiles(folder: string, target: string): Promise<void> {
  const files: string[] = []
  try {
    for await (const entry of await opendir(folder, { recursive: true, bufferSize: 1_000 }))
      if (entry.isFile() && PICTURE.test(entry.name)) files.push(relative(folder, join(entry.parentPath, entry.name)))
  } catch (error) {
    throw new BatchInputInvalid((error as Error).message, 'Name a folder that the server can read.')
  }
  if (files.length === 0)
    throw new BatchInputInvalid(`${folder} has no pictures`, 'Name a folder with files ending in .jpg or .png.')
  files.sort()
  const lines = function* () {
    for (const file of files) yield `${JSON.stringify({ file })}\n`
  }
  await pipeline(Readable.from(lines()), createWriteStream(target))
}
