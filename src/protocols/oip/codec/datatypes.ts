import { ARRAYS, type NumberData, type NumericDatatype } from '#runtime'

export { ARRAYS }

/** Smallest and largest value of the whole numbers that a float64 holds exactly. */
export const RANGES: Partial<Record<NumericDatatype, readonly [least: number, most: number]>> = {
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffff_ffff],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x8000_0000, 0x7fff_ffff],
}

export const BIG_RANGES = {
  UINT64: [0n, 2n ** 64n - 1n],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
} as const

export const isDatatype = (name: string): name is NumericDatatype | 'BYTES' =>
  name === 'BYTES' || Object.hasOwn(ARRAYS, name)

/** FP16 is held as its bits; these are its numbers. */
export function halves(data: NumberData): Float16Array {
  return new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)
}
