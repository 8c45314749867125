import sharp from 'sharp'
import type { Signature } from '#registry/contract'

/**
 * A model of pictures that can be checked by hand: P(bright) is sigmoid(4 m), m the mean of the normalised left half; its
 * embedding are the means of the three channels. Written with the `onnx` package.
 */
const LEFT_BRIGHTNESS =
  'CAk6lAQKHgoGcGl4ZWxzCgFzCgFlCgFhEgRsZWZ0IgVTbGljZQoqCgRsZWZ0CgJheBIBbSIKUmVkdWNlTWVhbioPCghrZWVwZGltcxgAoAEC' +
  'Cg4KAW0KAWsSAXoiA011bAoPCgF6EgFxIgdTaWdtb2lkChMKAXEKAnNoEgFwIgdSZXNoYXBlChAKA29uZQoBcBIBciIDU3ViCioKAXIKAXAS' +
  'DXByb2JhYmlsaXRpZXMiBkNvbmNhdCoLCgRheGlzGAGgAQIKNAoGcGl4ZWxzCgJodxIJZW1iZWRkaW5nIgpSZWR1Y2VNZWFuKg8KCGtlZXBk' +
  'aW1zGACgAQISBGxlZnQqEQgBEAdCAXNKCAAAAAAAAAAAKhEIARAHQgFlSggQAAAAAAAAACoRCAEQB0IBYUoIAwAAAAAAAAAqIggDEAdCAmF4' +
  'ShgBAAAAAAAAAAIAAAAAAAAAAwAAAAAAAAAqGggCEAdCAmh3ShACAAAAAAAAAAMAAAAAAAAAKg0IARABQgFrSgQAAIBAKhoIAhAHQgJzaEoQ' +
  '//////////8BAAAAAAAAACoPCAEQAUIDb25lSgQAAIA/WiEKBnBpeGVscxIXChUIARIRCgMSAW4KAggDCgIIIAoCCCBiIAoNcHJvYmFiaWxp' +
  'dGllcxIPCg0IARIJCgMSAW4KAggCYhwKCWVtYmVkZGluZxIPCg0IARIJCgMSAW4KAggDQgQKABAS'

export const leftBrightness: { bytes: Uint8Array; signature: Signature } = {
  bytes: Buffer.from(LEFT_BRIGHTNESS, 'base64'),
  signature: {
    task: 'binary',
    classes: ['dark', 'bright'],
    label: 'light',
    features: [
      { name: 'brightness', kind: 'numeric' },
      { name: 'contrast', kind: 'numeric' },
      { name: 'sharpness', kind: 'numeric' },
    ],
    image: {
      input: 'pixels',
      width: 32,
      height: 32,
      channels: 3,
      layout: 'NCHW',
      fit: 'fill',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      embedding: 'embedding',
    },
  },
}

/** A picture whose left half is of one grey and whose right half is of another. */
export async function halves(left: number, right: number, kind: 'png' | 'jpeg' = 'png'): Promise<Buffer> {
  const data = Buffer.alloc(64 * 64 * 3)
  for (let y = 0; y < 64; y++)
    for (let x = 0; x < 64; x++) data.fill(x < 32 ? left : right, (y * 64 + x) * 3, (y * 64 + x + 1) * 3)
  const picture = sharp(data, { raw: { width: 64, height: 64, channels: 3 } })
  return kind === 'png' ? picture.png().toBuffer() : picture.jpeg({ quality: 95 }).toBuffer()
}
