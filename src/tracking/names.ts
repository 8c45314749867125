import { randomInt } from 'node:crypto'

const HOW = [
  'amber',
  'bold',
  'brisk',
  'calm',
  'clear',
  'cool',
  'crisp',
  'dawn',
  'deep',
  'eager',
  'early',
  'even',
  'fair',
  'fleet',
  'gentle',
  'glad',
  'golden',
  'grand',
  'keen',
  'late',
  'light',
  'lively',
  'lunar',
  'mellow',
  'misty',
  'noble',
  'pale',
  'quick',
  'quiet',
  'rapid',
  'silver',
  'soft',
  'solar',
  'steady',
  'still',
  'swift',
  'tidal',
  'warm',
  'wide',
  'young',
]
const WHAT = [
  'acorn',
  'alder',
  'arrow',
  'birch',
  'brook',
  'cedar',
  'comet',
  'coral',
  'crane',
  'delta',
  'dune',
  'ember',
  'falcon',
  'fern',
  'finch',
  'fjord',
  'grove',
  'harbor',
  'hazel',
  'heron',
  'iris',
  'lark',
  'lotus',
  'maple',
  'meadow',
  'moon',
  'otter',
  'pearl',
  'pine',
  'plover',
  'quartz',
  'raven',
  'reef',
  'river',
  'robin',
  'sparrow',
  'star',
  'tern',
  'wren',
]

const NAMES = HOW.length * WHAT.length

/** Two words that are easy to say for the `n`-th run of a project; 1,560 before the first repeats. */
export function runName(n: number): string {
  // 397 shares no factor with 1,560, so every pair comes once and neighbours differ in both words.
  const at = (n * 397) % NAMES
  return `${HOW[at % HOW.length]}-${WHAT[Math.floor(at / HOW.length)]}`
}

/** A name for a run that nobody named and nothing counts. */
export function anyName(): string {
  return runName(randomInt(NAMES))
}
