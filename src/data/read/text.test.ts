import { describe, expect, it } from 'vitest'
import { testFolder } from '../tables.fixture.ts'
import { scanBytes } from './bytes.ts'
import { columnNames, headerProblem, headRecords, sniffDelimiter } from './dialect.ts'
import { withPlainLineEnds } from './line-ends.ts'
import { lineOfRecord } from './lines.ts'

const folder = testFolder()

async function fileOf(content: string | Uint8Array) {
  const path = await folder.write('file', content)
  return { path, name: 'file', bytes: Buffer.byteLength(content), modifiedMs: 0 }
}

describe('the delimiter', () => {
  it.each([
    [',', 'a,b\n1,2\n'],
    [';', 'a;b\n1,5;2\n3,5;4\n'],
    ['\t', 'a\tb c\n1\t2,3\n'],
    ['|', 'a|b\n1|2\n'],
    [',', 'only\n1\n'],
    [',', '"a;x","b;y"\n"1;2;3",2\n'],
    [';', 'a;b,c\n1;2\n3;4\n'],
  ])('is %j', (delimiter, text) => {
    expect(sniffDelimiter(text)).toBe(delimiter)
  })
})

describe('the header', () => {
  const problem = (text: string) => headerProblem(headRecords(text, ','))
  it('is names, not numbers, not values', () => {
    expect(problem('country,2019,2020\nFrance,1,2\n')).toBeUndefined()
    expect(problem('a,b\n1,2\n')).toBeUndefined()
    expect(problem('1,2\n3,4\n')).toBe('it holds only numbers')
    expect(problem(',\n3,4\n')).toBe('it is blank')
    expect(problem('A11,6\nA12,48\nA11,7\n')).toBe('"A11" is a value of its column further down')
  })
  it('gives every column a name', () => {
    expect(columnNames(['', ' a ', ''])).toEqual(['column_1', 'a', 'column_3'])
  })
})

it('records end where quotes say so, and the last one may be cut off', () => {
  expect(headRecords('\uFEFF"a ""x""","b\n,"\r\n1,2\r3,"4', ',')).toEqual([
    ['a "x"', 'b\n,'],
    ['1', '2'],
  ])
  expect(headRecords('a,b', ',')).toEqual([['a', 'b']])
})

it('the line of a record counts line breaks in cells, blank lines and either line end', async () => {
  const line = async (content: string, record: number, columns = 2) =>
    lineOfRecord((await fileOf(content)).path, ',', columns, record)
  expect(await line('a,b\n1,2\n3,4\n', 2)).toBe(3)
  expect(await line('a,b\n"x\ny\nz",2\n3,4\n', 2)).toBe(5)
  expect(await line('a,b\n"x ""q""\ny",2\n3,4\n', 2)).toBe(4)
  expect(await line('a,b\n5" pipe,2\n3,4\n', 2)).toBe(3)
  expect(await line('a,b\r\n1,"2\r\n"\r\n\r\n3,4\r\n', 2)).toBe(5)
  expect(await line('a\n1\n\n3\n', 2, 1)).toBe(3)
  expect(await line('a,b\n\n\n1,2', 1)).toBe(4)
})

describe('bytes', () => {
  const refusal = async (content: Uint8Array) =>
    scanBytes(await fileOf(content), { text: true }).then(
      () => 'accepted',
      (error) => [error.details.line, error.details.offset],
    )

  it('are UTF-8, wherever a chunk of the file ends', async () => {
    const chunk = 4 * 1024 * 1024
    for (const character of ['é', '€', '😀'])
      for (let cut = 1; cut < Buffer.byteLength(character); cut++) {
        const text = Buffer.from(`${'x'.repeat(chunk - cut)}${character}${'y'.repeat(100)}`)
        expect(await refusal(text)).toBe('accepted')
      }
  })

  it('are refused at the first that is not, by line and offset', async () => {
    const at = async (before: string, bad: number[], after = 'rest\n') =>
      refusal(Buffer.concat([Buffer.from(before), Buffer.from(bad), Buffer.from(after)]))
    expect(await at('ab\ncd', [0xff])).toEqual([2, 5])
    expect(await at('é\né', [0xc3])).toEqual([2, 5])
    expect(await at('x\n'.repeat(5_000_000), [0xe2, 0x82])).toEqual([5_000_001, 10_000_000])
    expect(await at('end', [0xe2, 0x82], '')).toEqual([1, 3])
    expect(await at('surrogate ', [0xed, 0xa0, 0x80])).toEqual([1, 10])
    expect(await at('a\nb\n', [0x00])).toEqual([3, 4])
  })
})

it('mixed line ends become plain ones; bytes of characters and lone returns stay', async () => {
  const mixed = await fileOf(`a,b\r\n1,é\n${'2,€\r\n'.repeat(100_000)}3,x\ry\n`)
  const [copy] = (await withPlainLineEnds([mixed], folder.path()))!
  const { readFile } = await import('node:fs/promises')
  expect(await readFile(copy!.path, 'utf8')).toBe(`a,b\n1,é\n${'2,€\n'.repeat(100_000)}3,x\ry\n`)
  expect(await withPlainLineEnds([await fileOf('a,b\r\n1,2\r\n')], folder.path())).toBeUndefined()
  expect(await withPlainLineEnds([await fileOf('a,b\n1,2\n')], folder.path())).toBeUndefined()
})
