import { expect, it } from 'vitest'
import { type Library, loadLibrary } from './library.ts'
import { type MeasuredPicture, measurePicture } from './measure.ts'
import { bomb, drawn, drawnPixels } from './pictures.fixture.ts'

const measured = async (bytes: Uint8Array) => (await measurePicture(bytes)) as MeasuredPicture
const bitsApart = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, byte, i) => sum + (byte ^ b[i]!).toString(2).replaceAll('0', '').length, 0)

async function written(change: (picture: import('sharp').Sharp) => import('sharp').Sharp, width = 400, height = 300) {
  const sharp = await loadLibrary()
  return change(sharp(drawnPixels(width, height).data, { raw: { width, height, channels: 3 } })).toBuffer()
}

it('tells format, size, colour and look', async () => {
  const facts = await measured(await drawn('png'))
  expect(facts).toMatchObject({
    format: 'png',
    width: 64,
    height: 48,
    orientation: 1,
    grey: false,
    alpha: false,
    personal: [],
  })
  expect(facts.brightness).toBeGreaterThan(0.15)
  expect(facts.brightness).toBeLessThan(0.5)
  expect([facts.hash.length, facts.look.length]).toEqual([8, 256])
  expect(await measured(await written((one) => one.greyscale().jpeg()))).toMatchObject({ format: 'jpeg', grey: true })
  expect(await measured(await written((one) => one.webp()))).toMatchObject({ format: 'webp', width: 400 })
  expect(await measured(await written((one) => one.gif()))).toMatchObject({ format: 'gif', height: 300 })
})

it('hashes a picture as its compressed, scaled and brightened copies, and not as its mirror image', async () => {
  const { hash } = await measured(await written((one) => one.png()))
  const copies = [
    await written((one) => one.jpeg({ quality: 40 })),
    await written((one) => one.resize(120, 90).webp()),
    await written((one) => one.modulate({ brightness: 1.3 }).jpeg()),
  ]
  for (const copy of copies) expect(bitsApart(hash, (await measured(copy)).hash)).toBeLessThanOrEqual(6)
  expect(bitsApart(hash, (await measured(await written((one) => one.flop().png()))).hash)).toBeGreaterThan(10)
})

it('finds a blurred copy less sharp', async () => {
  const sharp = (await measured(await written((one) => one.png()))).sharpness
  expect((await measured(await written((one) => one.blur(4).png()))).sharpness).toBeLessThan(sharp / 4)
})

it('turns a picture upright, and names what EXIF tells of a person', async () => {
  const exif = {
    IFD0: { Artist: 'Ada' },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1', GPSLongitudeRef: 'W', GPSLongitude: '0/1 7/1 0/1' },
  }
  const bytes = await written((one) => one.withExif(exif).withMetadata({ orientation: 6 }).jpeg())
  const facts = await measured(bytes)
  expect(facts).toMatchObject({ width: 300, height: 400, orientation: 6 })
  const placed = await measured(await written((one) => one.withExif(exif).jpeg()))
  expect(placed.personal).toEqual(['place', 'owner'])
})

it('measures a small JPEG alike, whether it says more than its pixels or not', async () => {
  const bytes = (exif: boolean, width: number, height: number) =>
    written((one) => (exif ? one.withExif({ IFD0: { Software: 'a camera' } }) : one).jpeg(), width, height)
  // Looked at whole, and made smaller first.
  for (const [width, height] of [
    [200, 130],
    [256, 100],
    [400, 300],
  ] as const) {
    const facts = await measured(await bytes(false, width, height))
    expect(facts).toMatchObject({ width, height, orientation: 1, alpha: false, personal: [] })
    expect(facts).toEqual(await measured(await bytes(true, width, height)))
  }
})

const ground = () => ({ create: { width: 40, height: 30, channels: 3 as const, background: '#a63' } })
const withSharp = async (make: (sharp: Library) => Promise<Buffer>) => make(await loadLibrary())

it('measures what cameras and designers make beside plain JPEGs', async () => {
  const frames = 4
  const film = Buffer.concat(Array.from({ length: frames }, () => Buffer.from(drawnPixels(60, 40).data)))
  const raw = { raw: { width: 60, height: 40 * frames, channels: 3 as const, pageHeight: 40 } }
  const made = await withSharp((sharp) =>
    sharp(film, raw)
      .gif({ delay: [9, 9, 9, 9] })
      .toBuffer(),
  )
  // Of films the first frame.
  expect(await measured(made)).toMatchObject({ format: 'gif', width: 60, height: 40 })
  expect(
    await measured(await withSharp((sharp) => sharp(film, raw).webp({ lossless: true }).toBuffer())),
  ).toMatchObject({
    ...{ format: 'webp', width: 60, height: 40 },
  })
  const plain = await measured(await written((one) => one.png()))
  const cmyk = await measured(await written((one) => one.toColourspace('cmyk').jpeg({ quality: 95 })))
  expect(cmyk).toMatchObject({ format: 'jpeg', width: 400, height: 300, alpha: false, grey: false })
  // Ink shows fewer colours; read the wrong way round, as some do, it would be bright.
  expect(Math.abs(cmyk.brightness - plain.brightness)).toBeLessThan(0.1)
  const deep = await measured(await written((one) => one.toColourspace('rgb16').png()))
  expect(deep.brightness).toBeCloseTo(plain.brightness, 2)
  // What is transparent lies on white.
  const clear = await measured(await written((one) => one.ensureAlpha(0).png()))
  expect(clear).toMatchObject({ alpha: true, brightness: 1, contrast: 0 })
})

it.each([
  ['no bytes', () => new Uint8Array(), 'no_picture'],
  ['a text', () => Buffer.from('hello'), 'no_picture'],
  ['an AVIF', () => withSharp((sharp) => sharp(ground()).avif({ effort: 0 }).toBuffer()), 'foreign'],
  ['a TIFF', () => withSharp((sharp) => sharp(ground()).tiff().toBuffer()), 'foreign'],
  ['a photograph of a telephone', () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'foreign'],
  ['an SVG that asks for a file', () => Buffer.from('<svg><image href="file:///etc/passwd"/></svg>'), 'foreign'],
  ['a bomb', () => bomb(60_000, 60_000), 'bomb'],
  ['half a JPEG', async () => (await drawn('jpeg', 2_000, 1_500)).subarray(0, 20_000), 'truncated'],
  [
    'half a PNG',
    async () => (await written((one) => one.png({ compressionLevel: 0 }))).subarray(0, 50_000),
    'truncated',
  ],
  ['half a WebP', async () => (await written((one) => one.webp({ lossless: true }))).subarray(0, 400), 'truncated'],
  [
    'a PNG with a byte turned in its middle',
    async () => {
      const bytes = await written((one) => one.png())
      bytes[Math.floor(bytes.length / 2)]! ^= 0x55
      return bytes
    },
    'broken',
  ],
] as const)('names %s', async (_, make, problem) => {
  expect(await measurePicture(await make())).toMatchObject({ problem, reason: expect.stringMatching(/./) })
})
