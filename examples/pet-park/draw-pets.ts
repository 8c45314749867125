/**
 * Cats and dogs out of ellipses, for those who have no pictures at hand: cats have pointed ears and stand against anything,
 * dogs have hanging ears and a snout. Good enough to see every step work, and nobody's copyright.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'

const SIDE = 96

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

type Colour = readonly [number, number, number]

/** One drawn pet as a JPEG. */
export async function drawPet(pet: 'cat' | 'dog', seed: number): Promise<Buffer> {
  const next = random(seed * 2 + (pet === 'dog' ? 1 : 0))
  const between = (low: number, high: number) => low + (high - low) * next()
  const colour = (): Colour => [between(40, 230), between(40, 210), between(40, 200)]
  const [ground, sky, fur] = [colour(), colour(), colour()]
  const dark = fur.map((value) => value * 0.55) as unknown as Colour
  const [x, y, r] = [between(36, 60), between(40, 58), between(17, 27)]
  const light = between(0.45, 1.15)
  const data = Buffer.alloc(SIDE * SIDE * 3)
  const inEllipse = (px: number, py: number, cx: number, cy: number, rx: number, ry: number) =>
    ((px - cx) / rx) ** 2 + ((py - cy) / ry) ** 2 < 1
  // A pointed ear: narrower the higher.
  const inPoint = (px: number, py: number, cx: number) =>
    py < y - 0.45 * r && py > y - 1.7 * r && Math.abs(px - cx) < (0.42 * (py - (y - 1.7 * r))) / 1.2
  const partAt = (px: number, py: number): Colour => {
    for (const side of [-1, 1])
      if (inEllipse(px, py, x + side * 0.4 * r, y - 0.15 * r, 0.12 * r, 0.14 * r)) return [15, 15, 20]
    if (inEllipse(px, py, x, y + (pet === 'dog' ? 0.45 : 0.3) * r, pet === 'dog' ? 0.22 * r : 0.1 * r, 0.12 * r))
      return [25, 15, 15]
    if (pet === 'dog') {
      for (const side of [-1, 1])
        if (inEllipse(px, py, x + side * 0.95 * r, y + 0.1 * r, 0.3 * r, 0.75 * r)) return dark
      if (inEllipse(px, py, x, y + 0.55 * r, 0.5 * r, 0.45 * r))
        return fur.map((v) => Math.min(255, v * 1.2)) as unknown as Colour
    } else for (const side of [-1, 1]) if (inPoint(px, py, x + side * 0.6 * r)) return dark
    if (inEllipse(px, py, x, y, r, 0.95 * r)) return fur
    if (inEllipse(px, py, x, y + 1.9 * r, 1.1 * r, 1.3 * r)) return dark
    return py > 66 ? ground : sky
  }
  for (let py = 0; py < SIDE; py++)
    for (let px = 0; px < SIDE; px++) {
      const part = partAt(px, py)
      for (let c = 0; c < 3; c++)
        data[(py * SIDE + px) * 3 + c] = Math.max(0, Math.min(255, part[c]! * light + between(-14, 14)))
    }
  return sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer()
}

/** A folder with a folder per kind of pet. */
export async function drawPets(folder: string, ofEach: number, firstSeed = 1): Promise<void> {
  for (const pet of ['cat', 'dog'] as const) {
    await mkdir(join(folder, pet), { recursive: true })
    for (let i = 0; i < ofEach; i++)
      await writeFile(join(folder, pet, `${pet}_${firstSeed + i}.jpg`), await drawPet(pet, firstSeed + i))
  }
}
