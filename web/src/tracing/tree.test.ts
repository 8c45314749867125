import { describe, expect, it } from 'vitest'
import type { SpanLine } from '#tracing/contract'
import { visibleRows, waterfallOf } from './tree.ts'

const START = 1_767_225_600_000_000_000n

const span = (id: string, parent: string | null, at: number, took: number | null = 1): SpanLine => ({
  id,
  parent,
  name: id,
  type: 'UNKNOWN',
  status: 'ok',
  startedNs: String(START + BigInt(Math.round(at * 1e6))),
  endedNs: took === null ? null : String(START + BigInt(Math.round((at + took) * 1e6))),
  tokens: null,
})
const shape = (spans: SpanLine[]) => waterfallOf(spans).rows.map(({ span, depth, below }) => [span.id, depth, below])

describe('the waterfall of spans', () => {
  it('puts each below its parent, in the order they began', () => {
    const spans = [
      span('late', 'root', 5),
      span('root', null, 0, 10),
      span('early', 'root', 1),
      span('leaf', 'early', 2),
    ]
    expect(shape(spans)).toEqual([
      ['root', 0, 3],
      ['early', 1, 1],
      ['leaf', 2, 0],
      ['late', 1, 0],
    ])
  })

  it('measures from the first start, to fractions of a ms', () => {
    const { rows, length } = waterfallOf([
      span('b', 'a', 2.25, 1.5),
      span('a', null, 0.001, 9.5),
      span('c', 'a', 3, null),
    ])
    expect(rows.map(({ start, took }) => [start, took])).toEqual([
      [0, 9.5],
      [2.249, 1.5],
      [2.999, null],
    ])
    expect(length).toBe(9.5)
  })

  it('shows spans whose parent is missing, and circles', () => {
    expect(shape([span('orphan', 'gone', 1), span('x', 'y', 2), span('y', 'x', 3)])).toEqual([
      ['orphan', 0, 0],
      ['x', 0, 1],
      ['y', 1, 0],
    ])
  })

  it('has a length even when nothing took any time', () => {
    expect(waterfallOf([span('a', null, 0, 0)]).length).toBe(1)
    expect(waterfallOf([])).toEqual({ rows: [], length: 1 })
  })

  it('takes chains of any depth', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => span(`${i}`, i === 0 ? null : `${i - 1}`, i))
    expect(waterfallOf(chain).rows[0]).toMatchObject({ below: 19_999 })
  })

  it('hides what is below a closed row', () => {
    const { rows } = waterfallOf([span('root', null, 0), span('a', 'root', 1), span('b', 'a', 2), span('c', 'root', 3)])
    expect(visibleRows(rows, new Set(['a'])).map((row) => row.span.id)).toEqual(['root', 'a', 'c'])
    expect(visibleRows(rows, new Set(['root']))).toHaveLength(1)
  })
})
