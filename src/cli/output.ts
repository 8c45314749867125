import pc from 'picocolors'
import { asOrreryError } from '#platform/errors'

/** Prints an error as people and editors read it: code, what is wrong, what to do. */
export function printError(error: unknown, json: boolean): void {
  const known = asOrreryError(error)
  if (json) {
    const body = known
      ? { code: known.code, message: known.message, hint: known.hint, ...(known.details && { details: known.details }) }
      : { code: 'ORRERY_INTERNAL', message: String((error as Error)?.message ?? error), hint: 'Report this.' }
    console.log(JSON.stringify({ error: body }))
    return
  }
  if (!known) {
    console.error(error)
    return
  }
  console.error(`${pc.red('✗')} ${pc.bold(known.code)}  ${known.message}`)
  if (known.hint) console.error(`  ${known.hint}`)
  const problems = known.details?.problems
  if (Array.isArray(problems) && problems.length > 1) {
    for (const one of problems)
      console.error(
        `  ${one.line ? `${known.details?.filename}:${one.line}:${one.column} ` : ''}${one.wrong ?? one.message ?? ''}${one.todo ? `. ${one.todo}` : ''}`,
      )
  }
}
