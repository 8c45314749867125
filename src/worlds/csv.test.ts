import { describe, expect, it } from 'vitest'
import { writeCsv } from './csv.ts'

describe('writeCsv', () => {
  it('writes the columns asked for, in their order, and quotes what needs it', () => {
    const rows = [
      { id: 'C1', note: 'says "hello", twice', amount: 1.5 },
      { id: 'C2', note: 'two\nlines', amount: null },
      { id: 'C3', note: '', amount: -0.25, extra: 'left out' },
    ]
    expect([...writeCsv(['amount', 'id', 'note'], rows)].join('')).toBe(
      'amount,id,note\n1.5,C1,"says ""hello"", twice"\n,C2,"two\nlines"\n-0.25,C3,""\n',
    )
  })

  it('writes the header of an empty table', () => {
    expect([...writeCsv(['a', 'b'], [])]).toEqual(['a,b\n'])
  })

  it('cuts long tables into chunks that make one text', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ row: i }))
    const chunks = [...writeCsv(['row'], rows)]
    expect(chunks.length).toBeGreaterThan(1)
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(66_000)
    expect(chunks.join('').split('\n')).toHaveLength(20_002)
  })
})
