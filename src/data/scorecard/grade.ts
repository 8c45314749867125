import type { Characteristic, Grade, Measure } from './contract.ts'

const ORDER: readonly Grade[] = ['A', 'B', 'C', 'D', 'E']

/** The grade by bounds, best first: `[0.01, 0.02, 0.05, 0.1]` makes 0.03 a C. Greater is worse unless told. */
export function gradeBy(
  value: number | null,
  bounds: readonly [number, number, number, number],
  better: 'less' | 'more',
): Grade {
  if (value === null || Number.isNaN(value)) return 'unknown'
  const place = bounds.findIndex((bound) => (better === 'less' ? value <= bound : value >= bound))
  return ORDER[place < 0 ? 4 : place]!
}

/** The worst grade that is known. */
export function worst(measures: readonly Measure[]): Grade {
  const places = measures.map((one) => ORDER.indexOf(one.grade)).filter((place) => place >= 0)
  return places.length === 0 ? 'unknown' : ORDER[Math.max(...places)]!
}

export function characteristic(
  name: Characteristic['name'],
  question: string,
  measures: readonly Measure[],
): Characteristic {
  return { name, question, grade: worst(measures), measures: [...measures] }
}

export const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`
export const count = (n: number) => n.toLocaleString('en-US')
