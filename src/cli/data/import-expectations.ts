import { readFile } from 'node:fs/promises'
import { importExpectations } from '#data'
import { DONE } from '../exit.ts'
import { printJson } from '../output.ts'

/** Prints the entries for `expect:`, so that they can be put where people own them; what was left out goes to stderr. */
export async function importFile(file: string, options: { json?: boolean }): Promise<number> {
  const imported = importExpectations(await readFile(file, 'utf8'), file)
  if (options.json) {
    printJson(imported)
    return DONE
  }
  process.stdout.write(imported.yaml)
  for (const { what, why } of imported.skipped) console.error(`# left out: ${what}: ${why}`)
  return DONE
}
