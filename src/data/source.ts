import { downloadPinned } from './download.ts'
import { FilesDiffer } from './errors.ts'
import { fileAt, findFiles } from './sources/find-files.ts'
import { formatOf } from './sources/format.ts'
import type { Format, ResolvedSource, SourceFile } from './sources/resolved.ts'

/**
 * Finds the files of a source: a path, a folder, a glob, or an http(s) URL pinned by its sha256, which is downloaded.
 *
 * @param options.folder where relative paths start
 * @param options.downloads where a downloaded file is put; one with the right hash is not fetched again
 * @throws SourceNotFound, SourceNotAFile, SourceUnreadable, SourceUnpinned, SourceUnreachable, SourceAltered,
 *   SourceTooLarge, TableEmpty, FormatUnknown, CompressedBroken, FilesDiffer
 */
export async function resolveSource(options: {
  source: string
  sha256?: string | undefined
  folder: string
  downloads: string
}): Promise<ResolvedSource> {
  const { source, sha256 } = options
  const isUrl = /^https?:\/\//i.test(source)
  const found = isUrl
    ? [await fileAt(await downloadPinned(source, sha256, options.downloads), source)]
    : await findFiles(source, options.folder)
  return { source, kind: isUrl ? 'url' : 'files', sha256, ...(await known(found, isUrl)) }
}

/** The files with how each is packed, and the format that all of them have. */
async function known(found: readonly SourceFile[], isUrl: boolean): Promise<Pick<ResolvedSource, 'files' | 'format'>> {
  const files: SourceFile[] = []
  let format: Format | undefined
  for (const file of found) {
    const is = await formatOf(file, isUrl ? new URL(file.name).pathname : file.path)
    format ??= is.format
    if (is.format !== format)
      throw new FilesDiffer(found[0]!.name, file.name, `it is ${is.format}, the first is ${format}`)
    files.push({ ...file, ...(is.packed && { packed: is.packed }) })
  }
  return { files, format: format! }
}
