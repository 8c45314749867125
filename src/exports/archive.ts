import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'

/** A file of an export: text, or one that lies on disk. */
export type ExportFile = { readonly path: string } & (
  | { readonly text: string }
  | { readonly from: string; readonly size: number }
)

/** Long ago, and after 1980, which is as far back as a zip made of it reaches: the same files give the same bytes. */
const MTIME = new Date('1985-10-26T08:15:00Z')

/** The files under one folder as a `.tar.gz`, made as it is read. */
export function archiveOf(folder: string, files: readonly ExportFile[]): Readable {
  const tar = pack()
  const gzip = createGzip({ level: 6 })
  const prefix = folder === '' ? '' : `${folder}/`
  async function fill(): Promise<void> {
    for (const file of files) {
      const header = { name: prefix + file.path, mode: 0o644, mtime: MTIME }
      if ('text' in file) tar.entry(header, file.text)
      else await pipeline(createReadStream(file.from), tar.entry({ ...header, size: file.size }))
    }
    tar.finalize()
  }
  fill().catch((error) => tar.destroy(error))
  pipeline(tar, gzip).catch((error) => gzip.destroy(error))
  return gzip
}
