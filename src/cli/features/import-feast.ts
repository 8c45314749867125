import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { OrreryError } from '#platform/errors'
import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { printJson } from '../output.ts'
import { counted } from '../wording.ts'
import { type FeastRepo, fromFeast } from './from-feast.ts'

const TIMEOUT_MS = 120_000
const MOST_OUTPUT = 50_000_000

/**
 * Prints a Feast repository as the `data:` and `features:` of a project file; with 1 where something was left out.
 * The repository's Python is run by the Python named, which has Feast and whatever else its authors import.
 */
export async function importFeast(folder: string, options: { python: string; json?: boolean }): Promise<number> {
  const here = resolve(folder)
  if (!(await stat(join(here, 'feature_store.yaml')).catch(() => undefined)))
    throw new WrongUse(`${folder} is no Feast repository.`, 'Name the folder with its feature_store.yaml.')
  const { data, features, left } = fromFeast(await readRepo(here, options.python))
  if (options.json) printJson({ data, features, left })
  else {
    process.stdout.write(stringify({ data, features }, { lineWidth: 120 }))
    const brought = counted(Object.keys(features).length, 'view')
    console.error(left.length === 0 ? `${brought}, nothing left out` : `${brought}; left out or changed:`)
    for (const line of left) console.error(`  ${line}`)
  }
  return left.length === 0 ? DONE : ANSWER_IS_NO
}

async function readRepo(folder: string, python: string): Promise<FeastRepo> {
  const script = fileURLToPath(new URL('./feast_repo.py', import.meta.url))
  const run = promisify(execFile)(python, [script, folder], {
    ...{ cwd: folder, timeout: TIMEOUT_MS, maxBuffer: MOST_OUTPUT },
  })
  const { stdout } = await run.catch((error: Error & { stderr?: string }) => {
    throw unreadable(folder, error.stderr?.trim().split('\n').at(-1) || error.message)
  })
  const told = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as FeastRepo | { missing: string }
  if ('missing' in told) throw unreadable(folder, `${python} has no Feast: ${told.missing}`)
  return told
}

function unreadable(folder: string, why: string): OrreryError {
  return new OrreryError({
    code: 'ORRERY_FEATURES_FEAST_UNREADABLE',
    status: 422,
    message: `${folder} could not be read: ${why.replace(/\.$/, '')}.`,
    hint: 'Name the Python in which `feast plan` works: --python .venv/bin/python.',
  })
}
