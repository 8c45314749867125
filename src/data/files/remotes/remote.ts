/** Bytes by the name of their hash, in hex. */
export interface Blob {
  readonly hash: string
  readonly size: number
}

/** A blob with its place on this machine. */
export interface LocalBlob extends Blob {
  readonly path: string
}

export type Moved = (files: number, bytes: number) => void

/**
 * Where versions are kept besides this machine. A remote is a folder of blobs wherever it is, `ab/abcdef…`, so any
 * of them can be copied to any other by any tool.
 */
export interface Remote {
  readonly url: string
  /** Which of these it has, by name and size. */
  present(blobs: readonly Blob[]): Promise<Set<string>>
  /** Which of these it has, whatever their size. */
  holds(hashes: readonly string[]): Promise<Set<string>>
  /** Durable there, and verified on the way, when it resolves. Blobs arrive whole or not at all. */
  put(blobs: readonly LocalBlob[], moved: Moved): Promise<void>
  /**
   * Brings blobs into `folder` as `folder/<hash>`, as the remote gives them: the caller verifies. What the remote does
   * not have is not there afterwards.
   */
  get(blobs: readonly Blob[], folder: string, moved: Moved): Promise<void>
}
