import { describe, expect, it } from 'vitest'
import { disturb } from './disturb.ts'
import { occlusionOf } from './occlusion.ts'
import { overlayOf } from './overlay.ts'
import { drawnPixels } from './pictures.fixture.ts'
import type { Pixels } from './pixels.ts'
import { readPicture } from './read-picture.ts'
import { contactSheet } from './sheet.ts'
import { statisticsOf } from './statistics.ts'
import { tensorOf } from './tensor.ts'

const chance = { normal: () => 0.5 }
const plain = (value: number): Pixels => ({ width: 8, height: 8, channels: 3, data: new Uint8Array(192).fill(value) })

describe('statisticsOf', () => {
  it('is the mean luma, its spread, and the variance of its Laplacian', () => {
    expect(statisticsOf(plain(51))).toEqual({ brightness: expect.closeTo(0.2, 12), contrast: 0, sharpness: 0 })
    const board: Pixels = {
      width: 4,
      height: 4,
      channels: 1,
      data: new Uint8Array(16).map((_, i) => ((i + (i >> 2)) % 2) * 200),
    }
    const { brightness, contrast, sharpness } = statisticsOf(board)
    expect([brightness, contrast]).toEqual([expect.closeTo(100 / 255, 12), expect.closeTo(100 / 255, 12)])
    // Inside, a field of 200 has four neighbours of 0, and the other way round: ±800.
    expect(sharpness).toBeCloseTo(800 ** 2, 6)
  })

  it('weighs colours as BT.601 does', () => {
    const red: Pixels = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0) }
    expect(statisticsOf(red).brightness).toBeCloseTo(0.299, 12)
  })

  it('falls with light and with blur', () => {
    const before = statisticsOf(drawnPixels())
    const dark = statisticsOf(disturb(drawnPixels(), { kind: 'light', factor: 0.4 }, chance))
    const soft = statisticsOf(disturb(drawnPixels(), { kind: 'blur', radius: 2 }, chance))
    expect(dark.brightness / before.brightness).toBeCloseTo(0.4, 1)
    expect(soft.sharpness).toBeLessThan(before.sharpness / 4)
    expect(soft.brightness).toBeCloseTo(before.brightness, 2)
  })
})

describe('tensorOf', () => {
  const two: Pixels = { width: 2, height: 1, channels: 3, data: Uint8Array.of(0, 51, 102, 153, 204, 255) }
  const form = { mean: [0, 0.2, 0.4], std: [1, 2, 4] }

  it('scales by channel, channels last or first', () => {
    const last = tensorOf([two], { ...form, layout: 'NHWC' })
    expect(Array.from(last)).toEqual([0, 0, 0, 0.6, 0.3, 0.15].map((value) => expect.closeTo(value, 6)))
    const first = tensorOf([two], { ...form, layout: 'NCHW' })
    expect(Array.from(first)).toEqual([0, 0.6, 0, 0.3, 0, 0.15].map((value) => expect.closeTo(value, 6)))
  })

  it('puts pictures side by side, and refuses another size among them', () => {
    const tensor = tensorOf([plain(0), plain(255)], { layout: 'NCHW', mean: [0.5], std: [0.5] })
    expect([tensor.length, tensor[0], tensor[191], tensor[192]]).toEqual([384, -1, -1, 1])
    expect(() => tensorOf([plain(0), two], { layout: 'NHWC', mean: [0], std: [1] })).toThrow('another size')
  })
})

describe('disturb', () => {
  it('leaves the original as it is', () => {
    const before = drawnPixels()
    for (const disturbance of [
      { kind: 'noise', level: 0.1 },
      { kind: 'blur', radius: 1 },
      { kind: 'crop', share: 0.2 },
      { kind: 'light', factor: 2 },
      { kind: 'mirror' },
    ] as const) {
      const after = disturb(before, disturbance, chance)
      expect(after.data).not.toEqual(before.data)
      expect(after.data).toHaveLength(before.data.length)
    }
    expect(before.data).toEqual(drawnPixels().data)
  })

  it('adds noise of the level, and keeps within the scale', () => {
    expect(disturb(plain(100), { kind: 'noise', level: 0.1 }, chance).data[0]).toBe(Math.round(100 + 255 * 0.1 * 0.5))
    expect(disturb(plain(250), { kind: 'light', factor: 3 }, chance).data[0]).toBe(255)
  })

  it('cuts off the border and stretches the middle; twice mirrored is nothing', () => {
    const drawn = drawnPixels()
    expect(disturb(drawn, { kind: 'crop', share: 0 }, chance).data).toEqual(drawn.data)
    const edge = plain(0)
    for (let i = 0; i < 8; i++) edge.data.set([255, 255, 255], i * 3)
    expect(disturb(edge, { kind: 'crop', share: 0.5 }, chance).data.every((value) => value === 0)).toBe(true)
    const mirrored = disturb(disturb(drawn, { kind: 'mirror' }, chance), { kind: 'mirror' }, chance)
    expect(mirrored.data).toEqual(drawn.data)
  })
})

describe('contactSheet', () => {
  it('starts each group on a row of its own, in frames of its colour', async () => {
    const png = await contactSheet([
      { colour: '#ff0000', pictures: Array.from({ length: 11 }, () => plain(10)) },
      { colour: '#0000ff', pictures: [plain(250)] },
    ])
    const { width, height, pixels } = await readPicture(png, { width: 1000, height: 300, channels: 3, fit: 'fill' })
    expect([width, height]).toEqual([1000, 300])
    const at = (x: number, y: number) => Array.from(pixels.data.subarray((y * 1000 + x) * 3, (y * 1000 + x) * 3 + 3))
    expect([at(1, 1), at(1, 101), at(1, 201)]).toEqual([
      [255, 0, 0],
      [255, 0, 0],
      [0, 0, 255],
    ])
    expect([at(48, 48), at(48, 248), at(248, 148)]).toEqual([
      [10, 10, 10],
      [250, 250, 250],
      [255, 255, 255],
    ])
  })
})

describe('occlusionOf', () => {
  /** A model that looks at the left half of the picture only, and likes it bright. */
  const leftBrightness = async (pictures: readonly Pixels[]) =>
    pictures.map(({ width, height, data }) => {
      let sum = 0
      for (let y = 0; y < height; y++) for (let x = 0; x < width / 2; x++) sum += data[(y * width + x) * 3]!
      return sum / (height * width * 128)
    })

  it('finds where the answer comes from', async () => {
    const map = await occlusionOf(drawnPixels(64, 64), leftBrightness, { grid: 8, patch: 1 })
    expect([map.columns, map.rows, map.drops.length]).toEqual([8, 8, 64])
    const largest = map.drops.indexOf(Math.max(...map.drops))
    // The disc is at a quarter of the width, in the middle of the height.
    expect(largest % 8).toBeLessThanOrEqual(2)
    expect(Math.abs(Math.floor(largest / 8) - 3.5)).toBeLessThanOrEqual(1.5)
    for (let cell = 0; cell < 64; cell++) if (cell % 8 >= 4) expect(map.drops[cell]).toBe(0)
  })

  it('asks in batches, and is a picture of the same shape', async () => {
    const sizes: number[] = []
    const map = await occlusionOf(
      drawnPixels(),
      async (pictures) => {
        sizes.push(pictures.length)
        return leftBrightness(pictures)
      },
      { grid: 6, batch: 10 },
    )
    expect(sizes).toEqual([1, 10, 10, 10, 6])
    const png = await overlayOf(drawnPixels(), map)
    const seen = await readPicture(png, { width: 64, height: 48, channels: 3, fit: 'fill' })
    expect([seen.kind, seen.width, seen.height]).toEqual(['png', 384, 288])
    // Warm over the disc, untouched on the right.
    const at = (x: number, y: number) => Array.from(seen.pixels.data.subarray((y * 64 + x) * 3, (y * 64 + x) * 3 + 3))
    expect(at(58, 24)[0]).toBeLessThan(60)
    expect(at(16, 24)).not.toEqual(Array.from(drawnPixels().data.subarray((24 * 64 + 16) * 3, (24 * 64 + 16) * 3 + 3)))
  })
})
