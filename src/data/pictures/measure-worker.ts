/** A process that decodes pictures: what a file does to a decoder, it does to this process only. */
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { type Measured, measurePicture, thumbnailOf } from '#pictures'

export interface PictureWork {
  readonly hash: string
  readonly path: string
  /** A small JPEG of it is wanted, its longest side so long; otherwise what can be measured. */
  readonly thumbnail?: number
}

/** Pictures to be done, and how many of them at the same time. */
export interface PictureBatch {
  readonly works: readonly PictureWork[]
  readonly atOnce: number
}

export interface PictureDone {
  readonly hash: string
  readonly measured?: Measured
  readonly thumbnail?: string
  /** Why its bytes could not be read at all. */
  readonly unread?: string
}

const TOLD_AT_ONCE = 15

// Behind requests, as all heavy work.
setPriority(5)
process.on('disconnect', () => process.exit(1))
process.on('message', async ({ works, atOnce }: PictureBatch) => {
  const left = works.values()
  let told: PictureDone[] = []
  // A message costs as much as a small picture: several go in one, unless each is to be known at once.
  const tell = (most: number) => {
    if (told.length <= most) return
    process.send!(told)
    told = []
  }
  const work = async () => {
    for (const one of left) {
      const now = await done(one)
      told.push(now)
      tell(atOnce === 1 ? 0 : TOLD_AT_ONCE)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  tell(0)
  process.send!('done')
})

async function done({ hash, path, thumbnail }: PictureWork): Promise<PictureDone> {
  let bytes: Buffer
  try {
    // At once: handing a small file to other threads and back costs more than reading it, and those decode meanwhile.
    bytes = readFileSync(path)
  } catch (error) {
    return { hash, unread: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
  if (thumbnail === undefined) return { hash, measured: await measurePicture(bytes) }
  const small = await thumbnailOf(bytes, thumbnail).catch(() => undefined)
  return small ? { hash, thumbnail: small.toString('base64') } : { hash }
}
