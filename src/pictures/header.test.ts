import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { plainJpegSize } from './header.ts'
import { loadLibrary } from './library.ts'
import { drawnPixels } from './pictures.fixture.ts'

await loadLibrary()
const drawn = (width: number, height: number) =>
  sharp(drawnPixels(width, height).data, { raw: { width, height, channels: 3 } })

describe('the size that a JPEG tells', () => {
  it('is what the library reads, whatever it was written with', async () => {
    for (const options of [
      {},
      { progressive: true },
      { chromaSubsampling: '4:4:4' },
      { mozjpeg: true },
      { quality: 1, optimiseCoding: false },
    ]) {
      const bytes = await drawn(321, 77).jpeg(options).toBuffer()
      const { width, height, orientation, exif } = await sharp(bytes).metadata()
      expect(plainJpegSize(bytes)).toEqual({ width, height })
      expect([width, height, orientation, exif]).toEqual([321, 77, undefined, undefined])
    }
    expect(plainJpegSize(await drawn(40, 30).withIccProfile('p3').jpeg().toBuffer())).toEqual({ width: 40, height: 30 })
  })

  it('is left to the library where EXIF may turn it, and for other kinds', async () => {
    for (const orientation of [1, 6])
      expect(plainJpegSize(await drawn(40, 30).withMetadata({ orientation }).jpeg().toBuffer())).toBeUndefined()
    expect(plainJpegSize(await drawn(40, 30).png().toBuffer())).toBeUndefined()
    expect(plainJpegSize(new Uint8Array())).toBeUndefined()
  })

  it('is none of a file that is cut, wherever, before its first scan; a view into larger memory is its own', async () => {
    const bytes = await drawn(40, 30).jpeg().toBuffer()
    const scan = bytes.indexOf(Buffer.from([0xff, 0xda]))
    expect(scan).toBeGreaterThan(100)
    for (let length = 0; length <= scan; length++) expect(plainJpegSize(bytes.subarray(0, length))).toBeUndefined()
    const larger = new Uint8Array(bytes.length + 8)
    larger.set(bytes, 5)
    expect(plainJpegSize(larger.subarray(5, 5 + bytes.length))).toEqual({ width: 40, height: 30 })
  })

  it('never throws for bytes that are wrong, and never says more than the library would', async () => {
    const bytes = await drawn(40, 30).jpeg().toBuffer()
    let state = 3
    for (let i = 0; i < 3_000; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      const wrong = Uint8Array.from(bytes)
      wrong[2 + (state % 600)] = state >>> 24
      const size = plainJpegSize(wrong)
      if (size) expect(size.width > 0 && size.height > 0).toBe(true)
    }
  })
})
