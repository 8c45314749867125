/** How a delimited text is laid out. Quotes are double quotes, doubled inside, as RFC 4180 has them. */
export interface Dialect {
  delimiter: string
  header: string[]
}

const DELIMITERS = [',', ';', '\t', '|'] as const
const LOOKED_AT = 100

/**
 * The delimiter under which the first records have most consistently as many cells as the first one; a comma when
 * there is nothing to part.
 *
 * @param head the start of the text, cut anywhere
 */
export function sniffDelimiter(head: string): string {
  let best = { delimiter: ',', agreeing: 0, cells: 1 }
  for (const delimiter of DELIMITERS) {
    const records = headRecords(head, delimiter)
    const cells = records[0]?.length ?? 1
    if (cells < 2) continue
    const agreeing = records.filter((record) => record.length === cells).length / records.length
    if (agreeing > best.agreeing || (agreeing === best.agreeing && cells > best.cells))
      best = { delimiter, agreeing, cells }
  }
  return best.delimiter
}

/** The first records of a text that may be cut off; a record that is not whole is left out unless it is the only one. */
export function headRecords(head: string, delimiter: string, most = LOOKED_AT): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let cell = ''
  let quoted = false
  const text = head.startsWith('\uFEFF') ? head.slice(1) : head
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (quoted) {
      if (character !== '"') cell += character
      else if (text[i + 1] === '"') cell += text[++i]
      else quoted = false
    } else if (character === '"' && cell === '') quoted = true
    else if (character === delimiter) {
      record.push(cell)
      cell = ''
    } else if (character === '\n' || character === '\r') {
      if (character === '\r' && text[i + 1] === '\n') i++
      records.push([...record, cell])
      if (records.length === most) return records
      record = []
      cell = ''
    } else cell += character
  }
  if (records.length === 0) records.push([...record, cell])
  return records
}

/** Why the first record does not look like names; `undefined` when it does. */
export function headerProblem(records: readonly string[][]): string | undefined {
  const [header, ...rest] = records as [string[], ...string[][]]
  const names = header.map((cell) => cell.trim())
  if (names.every((name) => name === '')) return 'it is blank'
  if (names.every((name) => name !== '' && Number.isFinite(Number(name)))) return 'it holds only numbers'
  const asValue = names.findIndex(
    (name, column) =>
      name !== '' && Number.isNaN(Number(name)) && rest.some((record) => record[column]?.trim() === name),
  )
  if (asValue >= 0) return `"${names[asValue]}" is a value of its column further down`
  return undefined
}

/** Names for the columns: as written, and `column_3` for a blank one, such as the index column that pandas writes. */
export function columnNames(header: readonly string[]): string[] {
  return header.map((cell, i) => cell.trim() || `column_${i + 1}`)
}
