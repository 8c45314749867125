import { ArtifactPathInvalid } from './errors.ts'

/** Deep enough for any folder of a model, and short enough for every file system it may be downloaded to. */
const LONGEST = 1_000
/** In bytes, of one name: what file systems take. */
const LONGEST_NAME = 255

/**
 * A path that is a file of the run's own on whatever system it is downloaded to: relative, `/` between names, no step
 * up, no drive, no control character. Encoded forms of those are refused too, because a client may decode once more.
 *
 * @throws ArtifactPathInvalid
 */
export function checkArtifactPath(path: string): string {
  const problem = problemOf(path) ?? problemOf(decodedFully(path))
  if (problem) throw new ArtifactPathInvalid(path, problem)
  return path
}

function problemOf(path: string): string | undefined {
  if (path === '') return 'it is empty'
  if (path.length > LONGEST) return `it is longer than ${LONGEST} characters`
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'it is absolute'
  if (path.includes('\\')) return 'it has a backslash'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'it has a control character'
  if (!path.isWellFormed()) return 'it is no valid Unicode'
  const names = path.split('/')
  if (names.includes('..') || names.includes('.')) return 'it steps out of its folder'
  if (names.includes('')) return 'a name in it is empty'
  if (names.some((name) => Buffer.byteLength(name) > LONGEST_NAME))
    return `a name in it is longer than ${LONGEST_NAME} bytes`
  return undefined
}

function decodedFully(path: string): string {
  try {
    const decoded = decodeURIComponent(path)
    return decoded === path ? path : decodedFully(decoded)
  } catch {
    // A lone % is part of a name.
    return path
  }
}
