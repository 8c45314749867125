import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runInChild } from '#platform/process'
import { listEntries, type Projects, readExpectations, writeExpectations } from '#projects'
import type { ExpectationResult } from '../contract.ts'
import type { Data } from '../data.ts'
import { DatasetUnknown, ExpectationListUnreadable } from '../errors.ts'
import { suggestExpectations } from '../expectations/suggest.ts'
import type { TriedExpectations } from './try-expectations.ts'

/** Somebody waits for it; their SQL is in it. */
const LIMITS = { timeoutMs: 60_000, memoryMb: 1_024, residentMb: 2_048 }

/** For who writes what is expected of a data set; its place is the project file. */
export interface ExpectationEditor {
  /** What stands in the project file. */
  written(project: string, dataset: string): Promise<{ yaml: string }>
  suggested(version: string): Promise<{ yaml: string }>
  /** @throws ExpectationListUnreadable, ExpectationUnreadable */
  tried(version: string, yaml: string): Promise<ExpectationResult[]>
}

export function openExpectationEditor(needs: {
  data: Pick<Data, 'version' | 'readPath'>
  projects: Pick<Projects, 'project'>
  work: string
}): ExpectationEditor {
  const { data, projects, work } = needs
  return {
    written: async (project, dataset) => {
      const set = (await projects.project(project)).spec.data[dataset]
      if (!set) throw new DatasetUnknown(project, dataset)
      return { yaml: writeExpectations(set.expect) }
    },
    suggested: async (id) => ({ yaml: listEntries(suggestExpectations(await data.version(id))) }),
    tried: async (id, yaml) => {
      const version = await data.version(id)
      const time = version.profile.time?.columns
      const read = readExpectations(yaml, { hasTime: time !== undefined })
      if ('problems' in read) throw new ExpectationListUnreadable(read.problems)
      const { folder: project } = await projects.project(version.project)
      const folder = await mkdtemp(join(work, 'expectations-'))
      try {
        const input: TriedExpectations = {
          ...{ path: await data.readPath(version), expect: read.entries, time, project, folder },
        }
        return await runInChild<ExpectationResult[]>(new URL('./try-worker.ts', import.meta.url), input, {
          what: 'Trying the expectations',
          ...LIMITS,
        })
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}
