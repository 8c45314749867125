import type { Artifact } from '#tracking/contract'
import type { FileInfo } from './messages.ts'

/**
 * Files and folders right below a folder, by name.
 *
 * @param inside everything in the folder, however deep
 * @param folder `undefined` is the root
 */
export function listFolder(inside: readonly Artifact[], folder: string | undefined): FileInfo[] {
  const start = folder === undefined ? 0 : folder.length + 1
  const entries = new Map<string, FileInfo>()
  for (const { path, size } of inside) {
    const rest = path.slice(start)
    const end = rest.indexOf('/')
    const name = end < 0 ? rest : rest.slice(0, end)
    entries.set(name, end < 0 ? { path: name, is_dir: false, file_size: size } : { path: name, is_dir: true })
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}
