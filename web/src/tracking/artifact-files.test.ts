import { describe, expect, it } from 'vitest'
import { cellsOfJson, cellsOfText, folderOf, imageType, previewOf } from './artifact-files.ts'

const file = (path: string) => ({ path, size: 1, hash: 'h' })

describe('files of a run', () => {
  it('stand in their folders', () => {
    const root = folderOf(['a/b/c.txt', 'a/d.txt', 'e.txt'].map(file))
    expect(root.files.map(({ path }) => path)).toEqual(['e.txt'])
    expect(root.folders).toMatchObject([
      {
        name: 'a',
        path: 'a',
        files: [file('a/d.txt')],
        folders: [{ name: 'b', path: 'a/b', files: [file('a/b/c.txt')] }],
      },
    ])
  })

  it.each([
    ['a/readme.md', 'text'],
    ['model/MLmodel', 'text'],
    ['evil.html', 'text'],
    ['x.JSON', 'json'],
    ['x.tsv', 'table'],
    ['x.png', 'image'],
    ['model.pkl', 'none'],
    ['data', 'none'],
  ])('%s is shown as %s', (path, preview) => {
    expect(previewOf(path)).toBe(preview)
  })

  it('only pictures have a type that a browser acts on', () => {
    expect(imageType('a.svg')).toBe('image/svg+xml')
    expect(imageType('a.html')).toBeUndefined()
  })

  it('tables are read from text, quotes and all, without a last line that is cut', () => {
    expect(cellsOfText('a,"b ""c"""\r\n1,"2\n3"\n', ',', false)).toEqual({
      columns: ['a', 'b "c"'],
      rows: [['1', '2\n3']],
    })
    expect(cellsOfText('a\tb\n1\t2\n3\t', '\t', true)).toEqual({ columns: ['a', 'b'], rows: [['1', '2']] })
    expect(cellsOfText('', ',', false)).toEqual({ columns: [], rows: [] })
  })

  it('and from the JSON of a logged table', () => {
    expect(cellsOfJson({ columns: ['n', 'm'], data: [[1, { a: 2 }]] })).toEqual({
      columns: ['n', 'm'],
      rows: [['1', '{"a":2}']],
    })
    expect(cellsOfJson({ columns: 3 })).toBeUndefined()
    expect(cellsOfJson(null)).toBeUndefined()
  })
})
