import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { withIgnored } from './gitignore.ts'
import { type Pointer, readPointer, writePointer } from './pointer.ts'

const version = `sha256:${'0a'.repeat(32)}`
const pointer: Pointer = { path: 'pictures', kind: 'folder', version, files: 3, bytes: 12 }

describe('a pointer file', () => {
  it.each(['pictures', 'a: b #c', "it's", '"quoted"', 'ünïcode 😀', '- x'])('keeps the name %j', (path) => {
    const text = writePointer({ ...pointer, path })
    expect(readPointer(text, 'f')).toEqual({ ...pointer, path })
    expect(parse(text)).toEqual({ ...pointer, path })
  })

  it('may be written by hand: order, comments, other quotes', () => {
    const text = `# ours\nbytes: 12\n\nversion: ${version}\nfiles: 3\nkind: folder\r\npath: 'pictures'\n`
    expect(readPointer(text, 'f')).toEqual(pointer)
  })

  it.each([
    [`version: ${version}\nkind: folder\npath: ../x`, /path/],
    [`version: ${version}\nkind: folder\npath: ..`, /path/],
    [`version: sha256:12\nkind: folder\npath: x`, /version/],
    [`<<<<<<< HEAD\nversion: ${version}`, /unfinished merge/],
    [`version: ${version}\nkind: folder\npath: x\nbytes: -1`, /bytes/],
    ['', /version/],
  ])('that says %j is refused with its reason', (text, why) => {
    expect(() => readPointer(text, 'x.orrery.yaml')).toThrow(why)
  })
})

describe('the line of a .gitignore', () => {
  it('keeps exactly that name out of git, whatever is in it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-ignore-'))
    try {
      execFileSync('git', ['init', '-q', folder])
      const names = ['plain', '#hash', '!bang', 'star*', 'qu?', '[x]', 'end  ', 'back\\slash', 'ünï😀']
      const text = names.reduce((sofar, name) => withIgnored(sofar, name) ?? sofar, 'other')
      writeFileSync(join(folder, '.gitignore'), text)
      for (const name of [...names, 'starry', 'x']) writeFileSync(join(folder, name), '')
      const seen = execFileSync('git', ['ls-files', '-z', '--others', '--exclude-standard'], { cwd: folder })
      expect(seen.toString().split('\0').filter(Boolean)).toEqual(['.gitignore', 'starry', 'x'])
      for (const name of names) expect(withIgnored(text, name)).toBeUndefined()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
