import { describe, expect, it } from 'vitest'
import type { GraphStep } from '#runtime/contract'
import { drawGraph, graphInWords, isStep } from './graph-layout.ts'

const deep: GraphStep = {
  switch: [
    { when: 'tier == "gold"', use: { chain: ['a', 'b'] } },
    { when: 'x > 1', use: 'a' },
    { use: { combine: ['a', { chain: ['b', 'c'] }], by: 'average', weights: [3, 1] } },
  ],
}

describe('the picture of a graph', () => {
  it.each<[string, GraphStep]>([
    ['one part', 'a'],
    ['a chain', { chain: ['a', 'b', 'c'] }],
    ['steps in steps', deep],
  ])('has everything inside, nothing on top of each other, and a way from the record to the answer: %s', (_, step) => {
    const { width, height, nodes, edges } = drawGraph(step)
    for (const node of nodes) {
      expect(node.x).toBeGreaterThanOrEqual(0)
      expect(node.y).toBeGreaterThanOrEqual(0)
      expect(node.x + node.width).toBeLessThanOrEqual(width)
      expect(node.y + node.height).toBeLessThanOrEqual(height)
    }
    nodes.forEach((one, i) => {
      for (const other of nodes.slice(i + 1)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y
        expect(apart, `${one.name} and ${other.name}`).toBe(true)
      }
    })
    for (const { from, to } of edges) expect(to[0]).toBeGreaterThan(from[0])
  })

  it('labels branches with their conditions and parts with their weights', () => {
    const labels = drawGraph(deep).edges.flatMap(({ label }) => label ?? [])
    expect(labels).toEqual(['tier == "gold"', 'x > 1', 'otherwise', '75 %', '25 %'])
    expect(graphInWords(deep)).toBe('if tier == "gold" a, then b; if x > 1 a; otherwise the average of a and b, then c')
  })
})

it('tells what is a graph from what is none', () => {
  expect(isStep(deep)).toBe(true)
  for (const none of [null, 7, {}, { chain: [] }, { chain: ['a', 7] }, { switch: [{}] }, { combine: 'a' }])
    expect(isStep(none), JSON.stringify(none)).toBe(false)
})
