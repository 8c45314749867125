/** `column` as an identifier. */
export function name(column: string): string {
  return `"${column.replaceAll('"', '""')}"`
}

/** `value` as a string literal. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
