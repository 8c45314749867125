import { describe, expect, it } from 'vitest'
import { readCsv } from './csv.ts'

describe('a CSV of a request', () => {
  it('has names, cells as they stand there, and null for what is empty', () => {
    const text = '\uFEFFa,b\r\n1,"x, ""y"""\r\n\r\n,z\r\n'
    expect(readCsv(text)).toEqual({
      columns: ['a', 'b'],
      rows: [
        ['1', 'x, "y"'],
        [null, 'z'],
      ],
    })
  })

  it.each([
    ['nothing', '', 'no row'],
    ['names alone', 'a,b\n', 'no row'],
    ['a row that is longer', 'a\n1,2\n', 'Invalid Record Length'],
    ['a quote without end', 'a\n"1\n', 'Quote Not Closed'],
    ['a name twice', 'a,a\n1,2\n', 'there twice'],
    ['too many rows', `a\n${'1\n'.repeat(10_001)}`, 'more than 10000 rows'],
    ['one endless cell', `a\n"${'x'.repeat(2 ** 21)}"`, 'Max Record Size'],
  ])('is refused with %s', (_, text, words) => {
    expect(() => readCsv(text)).toThrow(words)
  })
})
