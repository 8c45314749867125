import pc from 'picocolors'
import { asOrreryError } from '#platform/errors'

export const GOOD = pc.green('✓')
export const BAD = pc.red('✗')
export const BUSY = pc.yellow('●')

/** One JSON document; programs read nothing else from stdout. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined))
}

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
  console.error(`${BAD} ${pc.bold(known.code)}  ${known.message}`)
  const problems = problemsOf(known.details)
  if (problems.length <= 1) {
    if (known.hint) console.error(`  ${known.hint}`)
    return
  }
  for (const problem of problems) console.error(`  ${problem}`)
}

/** Every problem as compilers write them, `file:line:column what. what to do`, so that editors can jump to it. */
function problemsOf(details: Record<string, unknown> | undefined): string[] {
  const { problems, filename } = details ?? {}
  if (!Array.isArray(problems)) return []
  return problems.map(({ line, column, path, wrong, todo, message }) => {
    const place = line ? `${filename}:${line}:${column} ` : path ? `${path}: ` : ''
    return `${place}${wrong ?? message ?? ''}${todo ? `. ${todo}` : ''}`
  })
}
