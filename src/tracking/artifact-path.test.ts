import { expect, it } from 'vitest'
import { checkArtifactPath } from './artifact-path.ts'

it.each(['a', 'model/weights.bin', 'ü ö/日本.txt', '100%', 'a..b/c...', '.hidden', 'ab:c', "it's"])(
  'takes %j',
  (path) => {
    expect(checkArtifactPath(path)).toBe(path)
  },
)

it.each([
  ['', 'empty'],
  ['/etc/passwd', 'absolute'],
  ['C:/windows', 'absolute'],
  ['../up', 'steps out'],
  ['a/../../b', 'steps out'],
  ['a/./b', 'steps out'],
  ['..', 'steps out'],
  ['a//b', 'a name in it is empty'],
  ['a/', 'a name in it is empty'],
  ['a\\..\\b', 'backslash'],
  ['a\u0000b', 'control character'],
  ['a\nb', 'control character'],
  ['%2e%2e/b', 'steps out'],
  ['%252e%252e%252fb', 'steps out'],
  ['%2Fetc', 'absolute'],
  ['a%5c..', 'backslash'],
  ['\ud800', 'no valid Unicode'],
  ['x'.repeat(1_001), 'longer than 1000'],
])('refuses %j', (path, reason) => {
  expect(() => checkArtifactPath(path)).toThrow(reason)
})
