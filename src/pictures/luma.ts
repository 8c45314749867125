import type { Pixels } from './pixels.ts'

/** How many parts a step of luma has here: in whole numbers sums are exact, and quicker. */
export const LUMA_STEP = 1000

/**
 * The luma (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B) of each pixel, 0 to 255, in thousandths.
 *
 * @param room memory for it, at least a number a pixel: for who measures many, one after the other
 */
export function lumaOf({ width, height, channels, data }: Pixels, room?: Int32Array): Int32Array {
  const luma = room ? room.subarray(0, width * height) : new Int32Array(width * height)
  if (channels === 1) for (let i = 0; i < luma.length; i++) luma[i] = LUMA_STEP * data[i]!
  else
    for (let i = 0, at = 0; i < luma.length; i++, at += 3)
      luma[i] = 299 * data[at]! + 587 * data[at + 1]! + 114 * data[at + 2]!
  return luma
}
