/** A key's cell as a client or a table has it. */
export type KeyCell = number | string | boolean

/**
 * What an entity is kept under: the text of its key, or of several as a list. A number is its text, so that 7 from a
 * table is the "7" of an address.
 */
export function entityKey(cells: readonly KeyCell[]): string {
  return cells.length === 1 ? String(cells[0]) : JSON.stringify(cells.map(String))
}
