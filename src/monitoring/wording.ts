/** A number for a sentence: four significant digits at most. */
export function figure(value: number): string {
  return String(Number(value.toPrecision(Math.abs(value) >= 0.1 ? 3 : 2)))
}

/** `a`, `a and b`, `a, b and c`; what is beyond `most` is counted. */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} more`] : [...names]
  const last = shown.pop()
  return shown.length > 0 ? `${shown.join(', ')} and ${last}` : (last ?? '')
}

/** `23 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(Math.abs(share) >= 0.1 ? 2 : 1))} %`
}

/** `1 label`, `336 labels`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
