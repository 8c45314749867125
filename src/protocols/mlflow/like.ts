/**
 * SQL's LIKE: `%` is anything, `_` one character. Takes at most length times length steps, whatever the pattern: a
 * regular expression with many `.*` could be made to take years.
 */
export function isLike(value: string, pattern: string, ignoreCase: boolean): boolean {
  const text = [...(ignoreCase ? value.toLowerCase() : value)]
  const wanted = [...(ignoreCase ? pattern.toLowerCase() : pattern)]
  let at = 0
  let next = 0
  // Where to go on when what follows the last % did not fit: that % takes one character more.
  let percent = -1
  let taken = 0
  while (at < text.length) {
    if (wanted[next] === '%') {
      percent = next++
      taken = at
    } else if (next < wanted.length && (wanted[next] === '_' || wanted[next] === text[at])) {
      at++
      next++
    } else if (percent >= 0) {
      next = percent + 1
      at = ++taken
    } else return false
  }
  while (wanted[next] === '%') next++
  return next === wanted.length
}
