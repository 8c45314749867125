import { resolve } from 'node:path'
import { dvcImports, NoRepository, repositoryOf } from '#data/files'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, GOOD, printJson } from '../output.ts'
import { openScreen, spinner } from '../screen.ts'
import { bytes, counted, shortHash } from '../wording.ts'
import { type DataOptions, homeOf } from './options.ts'

/** Makes datasets of what DVC keeps in a repository; with 1 where something stays with DVC. */
export async function importDvc(folder: string | undefined, options: DataOptions): Promise<number> {
  const repository = repositoryOf(resolve(folder ?? '.'))
  if (!repository) throw new NoRepository(resolve(folder ?? '.'))
  const home = homeOf(options)
  const { importDvc: bring } = await dvcImports()
  const screen = options.json ? undefined : openScreen()
  try {
    const { imported, skipped } = await bring(home, repository, (path) => screen?.block([`${spinner()} ${path}`]))
    screen?.block([])
    if (!screen) printJson({ imported, skipped })
    for (const { dataset, version, files, bytes: size, from } of imported)
      screen?.line(
        `${GOOD} ${dataset}  ${counted(files, 'file')} · ${bytes(size)} · ${shortHash(version)}  from ${from}`,
      )
    for (const { from, path, why } of skipped) screen?.line(`${BAD} ${path} in ${from}: ${why}`)
    if (imported.length > 0)
      screen?.line("  DVC's own files are untouched: remove them when you have committed the pointer files.")
    return skipped.length > 0 ? ANSWER_IS_NO : DONE
  } finally {
    screen?.close()
  }
}
