import { describe, expect, it } from 'vitest'
import sharp from 'sharp'
import type { PictureSize } from './contract.ts'
import { bomb, drawn, drawnPixels } from './pictures.fixture.ts'
import { readPicture } from './read-picture.ts'

const SIZE: PictureSize = { width: 32, height: 32, channels: 3, fit: 'fill' }
const read = (bytes: Uint8Array, size: Partial<PictureSize> = {}) => readPicture(bytes, { ...SIZE, ...size })
const at = ({ width, channels, data }: { width: number; channels: number; data: Uint8Array }, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * channels, (y * width + x + 1) * channels))

describe('readPicture', () => {
  it('gives the pixels of a PNG as they are, when nothing has to be scaled', async () => {
    const { pixels, width, height, kind, hash } = await read(await drawn('png'), { width: 64, height: 48 })
    expect(Buffer.from(pixels.data).equals(Buffer.from(drawnPixels().data))).toBe(true)
    expect({ width, height, kind }).toEqual({ width: 64, height: 48, kind: 'png' })
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  it('gives the same pixels for the same JPEG, at the size that was asked for', async () => {
    const bytes = await drawn('jpeg', 640, 480)
    const [first, second] = await Promise.all([read(bytes), read(bytes)])
    expect(first.pixels.data).toHaveLength(32 * 32 * 3)
    expect(Buffer.from(first.pixels.data).equals(Buffer.from(second.pixels.data))).toBe(true)
    expect([first.width, first.height]).toEqual([640, 480])
    expect(at(first.pixels, 8, 16)[0]).toBeGreaterThan(200)
    expect(at(first.pixels, 28, 4)[0]).toBeLessThan(60)
  })

  it('cuts the middle out, keeps all with bars, or stretches', async () => {
    const wide = await sharp({ create: { width: 200, height: 100, channels: 3, background: '#ff8800' } })
      .png()
      .toBuffer()
    expect(at((await read(wide, { fit: 'contain' })).pixels, 16, 2)).toEqual([0, 0, 0])
    expect(at((await read(wide, { fit: 'contain' })).pixels, 16, 16)).toEqual([255, 136, 0])
    expect(at((await read(wide, { fit: 'cover' })).pixels, 16, 2)).toEqual([255, 136, 0])
  })

  it('turns a picture upright by its EXIF orientation', async () => {
    const turned = await sharp(await drawn('png', 64, 48))
      .rotate(90)
      .jpeg({ quality: 95 })
      .withMetadata({ orientation: 8 })
      .toBuffer()
    const { pixels, width, height } = await read(turned)
    expect([width, height]).toEqual([64, 48])
    expect(at(pixels, 8, 16)[0]).toBeGreaterThan(200)
  })

  it('takes grey, 16-bit, transparent and CMYK pictures', async () => {
    const base = sharp({ create: { width: 40, height: 40, channels: 3, background: { r: 200, g: 200, b: 200 } } })
    const grey = await base.clone().toColourspace('b-w').png().toBuffer()
    expect(at((await read(grey)).pixels, 5, 5)).toEqual([200, 200, 200])
    const deep = await base.clone().toColourspace('rgb16').png().toBuffer()
    expect((await sharp(deep).metadata()).depth).toBe('ushort')
    expect(Math.abs(at((await read(deep)).pixels, 5, 5)[0]! - 200)).toBeLessThanOrEqual(1)
    const clear = await sharp({
      create: { width: 40, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer()
    expect(at((await read(clear)).pixels, 5, 5)).toEqual([255, 255, 255])
    const cmyk = await base.clone().toColourspace('cmyk').jpeg().toBuffer()
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk')
    const [r, g, b] = at((await read(cmyk)).pixels, 5, 5)
    for (const value of [r!, g!, b!]) expect(Math.abs(value - 200)).toBeLessThan(20)
  })

  it('makes one channel of a colour picture where the model sees grey', async () => {
    const { pixels } = await read(await drawn('jpeg'), { channels: 1 })
    expect(pixels.data).toHaveLength(32 * 32)
  })

  it.each([
    ['nothing', Buffer.alloc(0), 'ORRERY_PICTURES_BROKEN', 422, 'it has no bytes'],
    ['a GIF', Buffer.from('GIF89a…'), 'ORRERY_PICTURES_KIND_REFUSED', 415, 'a GIF'],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'ORRERY_PICTURES_KIND_REFUSED', 415, 'an SVG'],
    ['WebP', Buffer.from('RIFF\0\0\0\0WEBPVP8 '), 'ORRERY_PICTURES_KIND_REFUSED', 415, 'a WebP'],
    ['JSON', Buffer.from('{"records":[]}'), 'ORRERY_PICTURES_KIND_REFUSED', 415, 'JSON'],
    ['a TIFF', Buffer.from('49492a0008000000', 'hex'), 'ORRERY_PICTURES_KIND_REFUSED', 415, 'a TIFF'],
    ['noise', Buffer.from('hello there'), 'ORRERY_PICTURES_KIND_REFUSED', 415, 'nothing that is known'],
    ['a JPEG that is only a start', Buffer.from('ffd8ffe0', 'hex'), 'ORRERY_PICTURES_BROKEN', 422, 'cannot be decoded'],
    ['a bomb', bomb(60_000, 60_000), 'ORRERY_PICTURES_TOO_LARGE', 413, 'pixels'],
    ['a picture with less in it than it says', bomb(4_000, 4_000), 'ORRERY_PICTURES_BROKEN', 422, 'cannot be decoded'],
    ['too many bytes', Buffer.alloc(17 * 1024 * 1024), 'ORRERY_PICTURES_TOO_LARGE', 413, 'bytes'],
  ])('refuses %s', async (_, bytes, code, status, message) => {
    await expect(read(bytes)).rejects.toThrow(
      expect.objectContaining({ code, status, message: expect.stringContaining(message) }),
    )
  })

  it('refuses a JPEG that is cut short, wherever', async () => {
    const whole = await drawn('jpeg', 320, 240)
    for (const share of [0.3, 0.6, 0.9])
      await expect(read(whole.subarray(0, Math.floor(whole.length * share)))).rejects.toThrow(
        expect.objectContaining({ code: 'ORRERY_PICTURES_BROKEN' }),
      )
  })

  it('takes no memory for a bomb', async () => {
    const before = process.memoryUsage().rss
    await expect(read(bomb(60_000, 60_000))).rejects.toThrow('too large')
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
  })
})
