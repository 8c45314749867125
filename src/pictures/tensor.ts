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
  const scaled = scaledValues(form)
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

/** Of each form, once: a model has one, for all of its pictures. */
const known = new WeakMap<TensorForm, readonly Float32Array[]>()

/** What each of the 256 values of each channel becomes: a picture has thousands of pixels and only so many values. */
function scaledValues(form: TensorForm): readonly Float32Array[] {
  let scaled = known.get(form)
  if (!scaled) {
    const { mean, std } = form
    scaled = [0, 1, 2].map((channel) => {
      const centre = mean[channel] ?? mean[0] ?? 0
      const spread = std[channel] ?? std[0] ?? 1
      return Float32Array.from({ length: 256 }, (_, value) => (value / 255 - centre) / spread)
    })
    known.set(form, scaled)
  }
  return scaled
}
