import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { findPicture, type PicturePlaces } from '#data'
import { type PictureSize, readPicture } from '#pictures'
import { npyHeader } from './npy.ts'

export interface LabelledPicture {
  readonly hash: string
  /** Below the source's folder; `null` for one that was served. */
  readonly file: string | null
  /** Index of its class, or its value. */
  readonly target: number
}

const AT_ONCE = 4

/**
 * Pictures as arrays that NumPy maps: `<part>.npy` [n, height, width, channels] of bytes, and `<part>-labels.npy` [n]. The
 * same code decodes them as will when they are served, so that training and use cannot differ.
 *
 * @throws PictureGone, and what `readPicture` throws
 */
export async function layOutPictures(
  { pictures, places, size }: { pictures: readonly LabelledPicture[]; places: PicturePlaces; size: PictureSize },
  { folder, part }: { folder: string; part: string },
  progress: (message: string, fraction?: number) => void,
): Promise<void> {
  async function* bytes() {
    yield npyHeader('uint8', [pictures.length, size.height, size.width, size.channels])
    for (let from = 0; from < pictures.length; from += AT_ONCE) {
      if (from % 200 === 0) progress(`decoding ${pictures.length} pictures to ${part}`, from / pictures.length)
      const some = pictures.slice(from, from + AT_ONCE)
      const decoded = await Promise.all(
        some.map(async ({ hash, file }) => readPicture(await findPicture(places, { hash, file }), size)),
      )
      for (const { pixels } of decoded) yield pixels.data
    }
  }
  await pipeline(Readable.from(bytes()), createWriteStream(join(folder, `${part}.npy`)))
  const labels = Float32Array.from(pictures, ({ target }) => target)
  await writeFile(
    join(folder, `${part}-labels.npy`),
    Buffer.concat([npyHeader('float32', [labels.length]), new Uint8Array(labels.buffer)]),
  )
}
