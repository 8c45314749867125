/** A process that decodes pictures: what a file does to a decoder, it does to this process only. */
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { measurePicture, thumbnailOf } from '#pictures'
import { openTold, type PictureBatch, type PictureDone, type PictureWork } from './told.ts'

/** A message costs as much as a small picture: many go in one, unless each is to be known at once; but nobody waits long. */
const TOLD_AT_ONCE = 64
const TOLD_AFTER_MS = 200

// Behind requests, as all heavy work.
setPriority(5)
process.on('disconnect', () => process.exit())

const told = openTold(TOLD_AT_ONCE + 8)
const waiting: { work: PictureBatch['works'][number]; atOnce: number }[] = []
let next = 0
let busy = 0
let toldAt = 0

process.on('message', ({ works, atOnce }: PictureBatch) => {
  waiting.splice(0, next)
  next = 0
  for (const work of works) waiting.push({ work, atOnce })
  begin()
})

/** As many at the same time as the next one allows. */
function begin(): void {
  while (next < waiting.length && busy < waiting[next]!.atOnce) {
    busy++
    void run(waiting[next++]!)
  }
}

async function run({ work, atOnce }: (typeof waiting)[number]): Promise<void> {
  told.add(work.at, await done(work))
  busy--
  begin()
  const now = Date.now()
  if (busy > 0 && atOnce > 1 && told.count() < TOLD_AT_ONCE && now - toldAt < TOLD_AFTER_MS) return
  toldAt = now
  process.send!(told.take())
}

async function done({ path, thumbnail }: PictureWork): Promise<PictureDone> {
  let bytes: Buffer
  try {
    // At once: handing a small file to other threads and back costs more than reading it, and those decode meanwhile.
    bytes = readFileSync(path)
  } catch (error) {
    return { unread: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
  if (thumbnail === undefined) return { measured: await measurePicture(bytes) }
  const small = await thumbnailOf(bytes, thumbnail).catch(() => undefined)
  return small ? { thumbnail: small } : {}
}
