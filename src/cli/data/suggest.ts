import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { ingestTable, suggestExpectations } from '#data'
import { listEntries } from '#projects'
import { WrongUse } from '../errors.ts'
import { DONE } from '../exit.ts'
import { printJson } from '../output.ts'
import { readProjectFolder } from '../project-folder.ts'
import type { ServerOptions } from '../server.ts'
import { broughtBy } from './brought.ts'

interface Options extends ServerOptions {
  only?: string
}

/** Prints what the data is like as entries for `expect:`, to begin with: people take over those that mean something. */
export async function suggest(file: string, options: Options): Promise<number> {
  const { spec } = await readProjectFolder(file)
  const dataset = options.only ?? spec.pipeline.train.with.data
  const set = spec.data[dataset]
  if (!set) throw new WrongUse(`There is no data set "${dataset}".`, `There are ${Object.keys(spec.data).join(', ')}.`)
  const target = await mkdtemp(join(tmpdir(), 'orrery-suggest-'))
  try {
    const brought = await broughtBy(options, { project: spec.project, dataset, sets: spec.data, folder: target })
    const known = { dataset, others: spec.data, folder: dirname(resolve(file)), target, ...brought }
    const entries = suggestExpectations(await ingestTable({ spec: { ...set, expect: [] }, ...known }))
    if (options.json) printJson({ dataset, expect: entries })
    else process.stdout.write(`expect:\n${listEntries(entries).replaceAll(/^(?=.)/gm, '  ')}`)
    return DONE
  } finally {
    await rm(target, { recursive: true, force: true })
  }
}
