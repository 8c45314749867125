import { expect, it } from 'vitest'
import { findLookAlikes } from './near-duplicates.ts'

interface Look {
  readonly high: number
  readonly low: number
  readonly parts: Uint8Array
}

function found(looks: readonly Look[]): { groups: number[][]; complete: boolean } {
  const { firsts, complete } = findLookAlikes({
    high: Uint32Array.from(looks, ({ high }) => high),
    low: Uint32Array.from(looks, ({ low }) => low),
    parts: (from, many) => looks.slice(from, from + many).map(({ parts }) => parts),
  })
  const groups = [...Map.groupBy(firsts.keys(), (picture) => firsts[picture]!).values()]
  return { groups: groups.filter((one) => one.length > 1), complete }
}

function bitsApart(a: Look, b: Look): number {
  const ones = (value: number) => (value >>> 0).toString(2).replaceAll('0', '').length
  return ones(a.high ^ b.high) + ones(a.low ^ b.low)
}

/** Repeatable numbers in [0, 1): mulberry32. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const random = numbersFrom(11)
const word = () => Math.floor(random() * 2 ** 32)
const anyLook = (): Look => ({
  high: word(),
  low: word(),
  parts: Uint8Array.from({ length: 256 }, () => random() * 256),
})

/** The same picture with some bits of its hash turned. */
function copyOf({ high, low, parts }: Look, bits: number): Look {
  const turned = [high, low]
  const places = new Set<number>()
  while (places.size < bits) places.add(Math.floor(random() * 64))
  for (const place of places) turned[place >>> 5]! ^= 1 << (place & 31)
  return { high: turned[0]! >>> 0, low: turned[1]! >>> 0, parts: parts.map((part) => Math.min(255, part + 3)) }
}

it('finds exactly the groups that comparing all with all would find', () => {
  const looks = Array.from({ length: 400 }, anyLook)
  for (let i = 0; i < 120; i++)
    looks.push(copyOf(looks[Math.floor(random() * looks.length)]!, Math.floor(random() * 10)))
  let linked = looks.map((_, i) => i)
  for (let i = 0; i < looks.length; i++)
    for (let j = 0; j < i; j++) {
      const near = bitsApart(looks[i]!, looks[j]!) <= 6 && correlated(looks[i]!.parts, looks[j]!.parts)
      const [from, to] = [linked[i]!, linked[j]!]
      if (near && from !== to) linked = linked.map((name) => (name === from ? to : name))
    }
  const expected = [...Map.groupBy(looks.keys(), (i) => linked[i]!).values()].filter((one) => one.length > 1)
  const { groups, complete } = found(looks)
  const sorted = (all: readonly (readonly number[])[]) => all.map((one) => [...one].sort((a, b) => a - b).join()).sort()
  expect(complete).toBe(true)
  expect(sorted(groups)).toEqual(sorted(expected))
  expect(expected.length).toBeGreaterThan(30)
})

function correlated(a: Uint8Array, b: Uint8Array): boolean {
  const mean = (of: Uint8Array) => of.reduce((sum, one) => sum + one, 0) / of.length
  const [ma, mb] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb)
    aa += (a[i]! - ma) ** 2
    bb += (b[i]! - mb) ** 2
  }
  return ab / Math.sqrt(aa * bb) >= 0.97
}

it('does not take pictures for the same whose hashes agree by chance', () => {
  const one = anyLook()
  expect(found([one, { ...anyLook(), high: one.high, low: one.low }]).groups).toEqual([])
})

it('compares a picture that is there ten thousand times with its first only', () => {
  const one = anyLook()
  const { groups, complete } = found(Array.from({ length: 10_000 }, () => one))
  expect([groups.length, groups[0]!.length, complete]).toEqual([1, 10_000, true])
})
