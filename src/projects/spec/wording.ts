/**
 * A schema can say only one string about a bad value, and a person needs two: what is wrong and what to do. They
 * travel through zod's `message` parted by a line break, which neither of them contains.
 */
export function says(wrong: string, todo: string): string {
  return `${wrong}\n${todo}`
}

export function heard(message: string): { wrong: string; todo?: string } {
  const [wrong, todo] = message.split('\n', 2)
  return { wrong: wrong!, ...(todo ? { todo } : {}) }
}

/** A value as it may stand in a message: short, on one line. */
export function quoted(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
