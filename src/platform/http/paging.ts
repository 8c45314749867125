/** Where a page starts: cursors are the offset, opaque to clients so that it may become a key later. */
export function offsetOf(cursor: string | undefined): number {
  const offset = cursor === undefined ? 0 : Number.parseInt(cursor, 36)
  return Number.isSafeInteger(offset) && offset >= 0 ? offset : 0
}

/** The cursor of the page after this one; `null` when this one was not full. */
export function nextCursor(offset: number, got: number, limit: number): string | null {
  return got < limit ? null : (offset + got).toString(36)
}
