import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach } from 'vitest'

/** A folder of its own for each test of a file, gone afterwards. */
export function pictureFolder() {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-pictures-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  return {
    path: (...names: string[]) => join(folder, ...names),
    /** Writes a file, and the folders it lies in. */
    put: async (path: string, bytes: Uint8Array) => {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), bytes)
    },
  }
}

/** A PNG of 16 × 16 pixels of one brightness, 0 to 255. */
export function grey(value: number): Promise<Buffer> {
  const background = { r: value, g: value, b: value }
  return sharp({ create: { width: 16, height: 16, channels: 3, background } })
    .png()
    .toBuffer()
}
