import { type Pixels, tensorOf } from '#pictures'
import type { ImageInput } from './contract.ts'
import { ModelFailed } from './errors.ts'
import type { EncodedRows } from './records.ts'
import type { Tensors } from './tensor.ts'

/**
 * Pictures side by side as the one input of their model. A place that is kept for a row without one is black.
 *
 * @throws ModelFailed when they were decoded before this model, which wants another size, came into service
 */
export function pictureFeeds(name: string, image: ImageInput, { pictures = [] }: EncodedRows): Tensors {
  const black: Pixels = { ...image, data: new Uint8Array(image.width * image.height * image.channels) }
  const pixels = pictures.map((picture) => {
    const found = picture ? picture.at(image) : black
    if (!found) throw new ModelFailed(name, `the picture was not decoded at ${image.width} × ${image.height}`)
    return found
  })
  return pixelFeeds(image, pixels)
}

/** Pixels as the input of a model of pictures. */
export function pixelFeeds(image: ImageInput, pixels: readonly Pixels[]): Tensors {
  const { width, height, channels, layout } = image
  const each = layout === 'NHWC' ? [height, width, channels] : [channels, height, width]
  return {
    [image.input]: { datatype: 'FP32', shape: [pixels.length, ...each], data: tensorOf(pixels, image) },
  }
}
