import { expect, it } from 'vitest'
import { listFolder } from './list-folder.ts'

const artifact = (path: string) => ({ path, size: path.length, hash: 'sha256:0' })
const names = (paths: string[], folder?: string) =>
  listFolder(paths.map(artifact), folder).map((entry) => (entry.is_dir ? `${entry.path}/` : entry.path))

it('shows files and folders one level deep, by name', () => {
  expect(names(['b/c/d', 'b/e', 'a', 'z'])).toEqual(['a', 'b/', 'z'])
  expect(names(['b/c/d', 'b/e'], 'b')).toEqual(['c/', 'e'])
  expect(names([])).toEqual([])
  expect(names(['b/constructor/x'], 'b')).toEqual(['constructor/'])
})

it('tells the size of files only', () => {
  expect(listFolder([artifact('a'), artifact('b/c')], undefined)).toEqual([
    { path: 'a', is_dir: false, file_size: 1 },
    { path: 'b', is_dir: true },
  ])
})
