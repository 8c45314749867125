import { describe, expect, it } from 'vitest'
import { diffManifests, eachEntry, type Entry, linkStaysInside, readManifest, writeManifest } from './manifest.ts'

const HASH = 'a'.repeat(64)
const file = (path: string, hash = HASH, size = 1): Entry => ({ path, mode: 'file', size, hash })
const link = (path: string, target: string): Entry => ({ path, mode: 'link', size: target.length, hash: '', target })

describe('a manifest', () => {
  it('is the same text for the same files, whatever order they were found in', () => {
    // By code point 😀 comes after ﬀ, by the halves that JavaScript compares it comes before.
    const names = ['b', 'a/b', 'a.txt', 'a b\nc', 'é', 'ﬀ', '😀', '"\\', 'a/😀/x']
    const entries = [...names.map((name) => file(name)), link('zz', 'a/b')]
    const text = writeManifest(entries)
    expect(writeManifest(entries.toReversed())).toBe(text)
    const read = readManifest(text, 'v')
    expect(read.map((entry) => entry.path)).toEqual(
      [...names, 'zz'].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
    expect(new Set(read)).toEqual(new Set(entries))
    expect(text.trimEnd().split('\n')).toHaveLength(11)
  })

  it.each([['../x'], ['/etc/passwd'], ['a/../../x'], ['a//b'], ['./a'], ['a/'], [''], ['a\0b'], ['x'.repeat(5000)]])(
    'that names %j is refused: nothing is written outside of a dataset',
    (path) => {
      expect(() => readManifest(writeManifest([file(path)]), 'v')).toThrow(/has an entry at/)
    },
  )

  it('that leads through a link or a file, out by a link, or twice to one place is refused', () => {
    for (const entries of [
      [link('a', 'b'), file('a/passwd')],
      [file('a'), file('a/b/c')],
      [link('a', '../../etc')],
      [link('a', '/etc')],
      [file('a'), file('a')],
    ])
      expect(() => readManifest(writeManifest(entries), 'v')).toThrow(/has an entry at/)
  })

  it('that is cut off or of another kind is refused', () => {
    const text = writeManifest([file('a'), file('b')])
    const lines = text.split('\n')
    for (const broken of [
      '',
      'x',
      '{}',
      text.slice(0, -9),
      lines.slice(0, 2).join('\n'),
      lines.slice(1).join('\n'),
      `${text}[1]\n`,
    ])
      expect(() => readManifest(broken, 'v'), broken).toThrow(/cannot be used/)
  })

  it('is read entry by entry as it is read whole, in pieces that are cut anywhere', () => {
    const entries = [file('é'), file('ﬀ', HASH, 3), file('😀\n"'), link('zz', 'é')]
    const bytes = Buffer.from(writeManifest(entries))
    for (const size of [1, 7, 64, bytes.length]) {
      const piece = Buffer.alloc(size)
      function* pieces() {
        // One piece of memory for all, as who reads a file has it.
        for (let at = 0; at < bytes.length; at += size) yield piece.subarray(0, bytes.copy(piece, 0, at, at + size))
      }
      expect([...eachEntry(pieces(), 'v')]).toEqual(readManifest(bytes.toString(), 'v'))
    }
    const all = (text: string) => [...eachEntry([Buffer.from(text)], 'v')]
    const text = bytes.toString()
    expect(() => all(text.slice(0, text.lastIndexOf('\n', text.length - 2)))).toThrow('it holds 3 entries and says 4')
    expect(() => all(text.slice(0, -9))).toThrow('it is no JSON lines')
    expect(() => all(text.replace(HASH, 'a'))).toThrow('its line 3 is no entry')
    expect(() => all(text.replace('files/1', 'files/9'))).toThrow('its format is')
    expect(() => all('')).toThrow()
  })

  it('tells links that stay inside from those that lead out', () => {
    expect(linkStaysInside('a/b/link', '../../c')).toBe(true)
    expect(linkStaysInside('link', '.')).toBe(true)
    expect(linkStaysInside('a/link', '../../c')).toBe(false)
    expect(linkStaysInside('a/link', 'b/../../../a')).toBe(false)
    expect(linkStaysInside('link', 'C:\\x')).toBe(false)
  })

  it('differs from another by what was added, removed, changed and moved', () => {
    const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(64))
    const before = [file('kept', one), file('gone', two), file('changed', one), file('old-name', three)]
    const after = [file('kept', one), file('new', HASH), file('changed', two), file('new-name', three)]
    expect(diffManifests(before, after)).toEqual({
      added: [file('new', HASH)],
      removed: [file('gone', two)],
      changed: [{ before: file('changed', one), after: file('changed', two) }],
      moved: [{ before: file('old-name', three), after: file('new-name', three) }],
    })
  })
})
