import type { Measured, MeasuredPicture } from '#pictures'
import { PICTURE_FORMATS } from '#pictures/contract'

export interface PictureWork {
  readonly hash: string
  readonly path: string
  /** A small JPEG of it is wanted, its longest side so long; otherwise what can be measured. */
  readonly thumbnail?: number
}

/** Pictures to be done after those that were sent before, and how many of them at the same time. */
export interface PictureBatch {
  /** By the numbers that they are told by. */
  readonly works: readonly (PictureWork & { readonly at: number })[]
  readonly atOnce: number
}

export interface PictureDone {
  readonly measured?: Measured
  /** Of those that were to have one; none where nothing can be shown. */
  readonly thumbnail?: Uint8Array
  /** Why its bytes could not be read at all. */
  readonly unread?: string
}

/**
 * What became of pictures, as it goes from process to process: numbers side by side, because an object for each costs more to
 * send than a small picture's decoding.
 */
export interface Told {
  /** Which of the works. */
  readonly at: Uint32Array
  /** `NUMBERS` of each, in the order of `numbersOf`. */
  readonly numbers: Float64Array
  /** `BYTES` of each: hash and look. */
  readonly bytes: Uint8Array
  /** Thumbnails, and pictures that could not be measured. */
  readonly others: readonly (readonly [at: number, done: PictureDone])[]
}

const NUMBERS = 8
const HASH = 8
const BYTES = HASH + 256
const PERSONAL = ['place', 'owner', 'device'] as const

/** Collects what is to be told in one message. */
export function openTold(most: number) {
  const at = new Uint32Array(most)
  const numbers = new Float64Array(most * NUMBERS)
  const bytes = new Uint8Array(most * BYTES)
  let others: [number, PictureDone][] = []
  let count = 0
  return {
    count: () => count + others.length,
    add: (work: number, done: PictureDone) => {
      const { measured } = done
      if (!measured || 'problem' in measured) return void others.push([work, done])
      at[count] = work
      numbers.set(numbersOf(measured), count * NUMBERS)
      bytes.set(measured.hash, count * BYTES)
      bytes.set(measured.look, count * BYTES + HASH)
      count++
    },
    take: (): Told => {
      const told: Told = {
        at: at.slice(0, count),
        numbers: numbers.slice(0, count * NUMBERS),
        bytes: bytes.slice(0, count * BYTES),
        others,
      }
      others = []
      count = 0
      return told
    },
  }
}

/** Each picture of a message, by its place among the works. */
export function* eachTold({ at, numbers, bytes, others }: Told): Generator<readonly [at: number, done: PictureDone]> {
  for (let i = 0; i < at.length; i++) yield [at[i]!, { measured: measuredOf(numbers, bytes, i) }]
  yield* others
}

function numbersOf(one: MeasuredPicture): number[] {
  let marks = 0
  if (one.grey) marks |= 1
  if (one.alpha) marks |= 2
  PERSONAL.forEach((kind, i) => {
    if (one.personal.includes(kind)) marks |= 4 << i
  })
  return [
    PICTURE_FORMATS.indexOf(one.format),
    one.width,
    one.height,
    one.orientation,
    marks,
    one.brightness,
    one.contrast,
    one.sharpness,
  ]
}

function measuredOf(numbers: Float64Array, bytes: Uint8Array, i: number): Measured {
  const number = (which: number) => numbers[i * NUMBERS + which]!
  const marks = number(4)
  return {
    format: PICTURE_FORMATS[number(0)]!,
    width: number(1),
    height: number(2),
    orientation: number(3),
    grey: (marks & 1) > 0,
    alpha: (marks & 2) > 0,
    brightness: number(5),
    contrast: number(6),
    sharpness: number(7),
    hash: bytes.subarray(i * BYTES, i * BYTES + HASH),
    look: bytes.subarray(i * BYTES + HASH, (i + 1) * BYTES),
    personal: marks < 4 ? [] : PERSONAL.filter((_, kind) => marks & (4 << kind)),
  }
}
