import type { Pixels } from './pixels.ts'

/** How pixels are laid out and scaled for a model. */
export interface TensorForm {
  readonly layout: 'NHWC' | 'NCHW'
  /** Per channel, after scaling to 0…1; one number stands for every channel. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/**
 * Pictures side by side as the input of a model, `(value / 255 - mean) / std`.
 *
 * @returns pictures × height × width × channels, or pictures × channels × height × width
 * @throws RangeError when the pictures differ in size
 */
export function tensorOf(pictures: readonly Pixels[], form: TensorForm): Float32Array {
  const { width, height, channels } = pictures[0]!
  const plane = width * height
  const scaled = Array.from({ length: channels }, (_, c) => scaledValues(form, c))
  const tensor = new Float32Array(pictures.length * plane * channels)
  pictures.forEach((picture, p) => {
    if (picture.width !== width || picture.height !== height || picture.channels !== channels)
      throw new RangeError(`picture ${p} has another size than the first`)
    const start = p * plane * channels
    const { data } = picture
    for (let c = 0; c < channels; c++) {
      const values = scaled[c]!
      const [first, step] = form.layout === 'NHWC' ? [start + c, channels] : [start + c * plane, 1]
      for (let i = 0, from = c, to = first; i < plane; i++, from += channels, to += step)
        tensor[to] = values[data[from]!]!
    }
  })
  return tensor
}

/** What each of the 256 values of a channel becomes: a picture has thousands of pixels and only so many values. */
function scaledValues({ mean, std }: TensorForm, channel: number): Float32Array {
  const centre = mean[channel] ?? mean[0] ?? 0
  const spread = std[channel] ?? std[0] ?? 1
  return Float32Array.from({ length: 256 }, (_, value) => (value / 255 - centre) / spread)
}
