import type { Blobs } from '#platform/blobs'
import type { Storage } from '#platform/storage'
import { AttachmentUnknown, TraceUnknown } from './errors.ts'
import { attachmentsOf, traceRows, upsertAttachment } from './store/traces.ts'

export interface Attachment {
  path: string
  size: number
  hash: string
}

/** Files that spans refer to: pictures, sounds, documents. */
export interface Attachments {
  /** Keeps a file as it arrives, in place of one at the same path. @throws TraceUnknown */
  attach(trace: string, path: string, bytes: Parameters<Blobs['put']>[0]): Promise<Attachment>
  /** By path. */
  attachments(trace: string): Promise<Attachment[]>
  /** Where the bytes lie, checked against their hash. @throws AttachmentUnknown */
  openAttachment(trace: string, path: string): Promise<Attachment & { file: string }>
}

export function openAttachments({
  storage,
  blobs,
  checkPath,
}: {
  storage: Storage
  blobs: Blobs
  /** Throws where a path leads out of its folder. */
  checkPath: (path: string) => string
}): Attachments {
  const isKnown = async (trace: string) => (await traceRows(storage, [trace])).length > 0
  return {
    attach: async (trace, path, bytes) => {
      checkPath(path)
      // Refused before a gigabyte has arrived.
      if (!(await isKnown(trace))) throw new TraceUnknown(trace)
      const attachment = { path, ...(await blobs.put(bytes)) }
      await storage.write(async (tx) => {
        if ((await traceRows(tx, [trace])).length === 0) throw new TraceUnknown(trace)
        await upsertAttachment(tx, { trace, path, hash: attachment.hash, size: attachment.size })
      })
      return attachment
    },
    attachments: async (trace) =>
      (await attachmentsOf(storage, trace)).map(({ path, size, hash }) => ({ path, size: Number(size), hash })),
    openAttachment: async (trace, path) => {
      const [found] = await attachmentsOf(storage, trace, path)
      if (!found) throw new AttachmentUnknown(trace, path)
      return { path, size: Number(found.size), hash: found.hash, file: await blobs.path(found.hash) }
    },
  }
}
