/** The line that keeps a file or folder beside a .gitignore out of git, and nothing else. */
export function ignoreLine(name: string): string {
  const escaped = name.replace(/[\\*?[\]]/g, '\\$&').replace(/ +$/, (blanks) => blanks.replaceAll(' ', '\\ '))
  return `/${escaped}`
}

/** The text with the line in it; `undefined` when it is there already. */
export function withIgnored(text: string, name: string): string | undefined {
  const line = ignoreLine(name)
  if (text.split(/\r?\n/).some((one) => one === line || one === `${line}/`)) return undefined
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
}
