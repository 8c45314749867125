import { describe, expect, it } from 'vitest'
import { tokensOfTrace, type UsageOfSpan } from './usage.ts'

const span = (id: string, parent: string | null, total?: number): UsageOfSpan => ({
  id,
  parent,
  tokens: total === undefined ? null : { input: 1, output: total - 1, total },
})

describe('tokens of a trace', () => {
  it('adds up what the calls tell', () => {
    const spans = [span('root', null), span('a', 'root', 10), span('tool', 'root'), span('b', 'tool', 5)]
    expect(tokensOfTrace(spans)).toEqual({ input: 2, output: 13, total: 15 })
  })

  it('counts a span that tells for those below it once, in whatever order they come', () => {
    const spans = [span('b', 'tool', 5), span('tool', 'agent'), span('a', 'agent', 10), span('agent', null, 15)]
    expect(tokensOfTrace(spans)?.total).toBe(15)
    expect(tokensOfTrace(spans.toReversed())?.total).toBe(15)
  })

  it('counts a span whose parent has not come', () => {
    expect(tokensOfTrace([span('a', 'gone', 4)])?.total).toBe(4)
  })

  it('is nothing where nobody tells', () => {
    expect(tokensOfTrace([span('a', null), span('b', 'a')])).toBeNull()
  })

  it('takes chains of any length and circles', () => {
    const chain = Array.from({ length: 50_000 }, (_, i) =>
      span(`${i}`, i === 0 ? null : `${i - 1}`, i % 2 ? undefined : 2),
    )
    expect(tokensOfTrace(chain)?.total).toBe(2)
    expect(tokensOfTrace([span('a', 'b'), span('b', 'a'), span('c', 'b', 3)])?.total).toBe(3)
  })
})
