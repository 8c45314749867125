import type { Readable } from 'node:stream'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { FormatUnknown, SpreadsheetBroken } from '../../errors.ts'
import type { SourceFile } from '../../sources/resolved.ts'
import { refuseGrowth } from '../unpack.ts'

/** More parts than this are no workbook. */
const MAX_PARTS = 10_000

/** The parts of a zip archive by their names; none is read before it is asked for. */
export interface ZipParts {
  has(part: string): boolean
  /**
   * A part as it unpacks. It is never longer than the archive says, nor than `limit`.
   *
   * @throws SpreadsheetBroken, UnpackedTooLarge
   */
  open(part: string, limit: number): Promise<Readable>
  close(): void
}

/** @throws FormatUnknown when the archive holds no workbook, SpreadsheetBroken when it is no whole archive */
export async function openParts(file: SourceFile): Promise<ZipParts> {
  const zip = await openPromise(file.path, { autoClose: false }).catch((error) => {
    throw new SpreadsheetBroken(file.name, error.message)
  })
  try {
    const entries = await entriesOf(zip, file)
    if (
      !entries.has('[Content_Types].xml') ||
      ![...entries.keys()].some((part) => /(^|\/)workbook\d*\.xml$/.test(part))
    )
      throw new FormatUnknown(file.name, 'is a zip archive, and no spreadsheet')
    return {
      has: (part) => entries.has(part),
      open: async (part, limit) => {
        const entry = entries.get(part)
        if (!entry) throw new SpreadsheetBroken(file.name, `it lacks ${part}`)
        refuseGrowth(file.name, { packed: entry.compressedSize, unpacked: entry.uncompressedSize, limit })
        return zip.openReadStreamPromise(entry).catch((error) => {
          throw new SpreadsheetBroken(file.name, error.message)
        })
      },
      close: () => zip.close(),
    }
  } catch (error) {
    zip.close()
    throw error
  }
}

async function entriesOf(zip: ZipFile, file: SourceFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  if (zip.entryCount > MAX_PARTS) throw new SpreadsheetBroken(file.name, `it has ${zip.entryCount} parts`)
  try {
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
  } catch (error) {
    throw new SpreadsheetBroken(file.name, (error as Error).message)
  }
  return entries
}
