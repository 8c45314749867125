import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { CodeVersion } from './code.contract.ts'
import { readCodeVersion } from './code.ts'
import { type Change, planChanges } from './plan.ts'
import type { ProjectSpec } from './spec/complete.ts'
import { parseProject } from './spec/parse.ts'
import { allProjects, projectNamed, type StoredProject, saveProject } from './store.ts'
import { FolderUnknown, ProjectUnknown } from './unknown.ts'

export interface WrittenProject {
  file: string
  folder: string
  canvas: string
  simulated: boolean
}

export interface Projects {
  project(name: string): Promise<StoredProject>
  projects(): Promise<StoredProject[]>
  plan(written: WrittenProject): Promise<{
    project: string
    exists: boolean
    changes: Change[]
    code: CodeVersion
    spec: ProjectSpec
  }>
  /** `also` writes what other rooms make of the file, in the same transaction. */
  apply(
    written: WrittenProject,
    by: string,
    also: (tx: Tx, project: StoredProject) => Promise<void>,
  ): Promise<{ project: string; changes: Change[]; code: CodeVersion }>
}

export function openProjects({ storage, events, clock }: { storage: Storage; events: Events; clock: Clock }): Projects {
  async function compare(written: WrittenProject) {
    const { spec } = parseProject(written.file, 'orrery.yaml')
    const isFolder = isAbsolute(written.folder) && (await stat(written.folder).catch(() => undefined))?.isDirectory()
    if (!isFolder) throw new FolderUnknown(written.folder)
    const before = await projectNamed(storage, spec.project)
    const code = await readCodeVersion(written.folder)
    return { spec, before, code, changes: planChanges(before?.spec, spec) }
  }

  return {
    project: async (name) => {
      const project = await projectNamed(storage, name)
      if (!project)
        throw new ProjectUnknown(
          name,
          (await allProjects(storage)).map((other) => other.name),
        )
      return project
    },
    projects: () => allProjects(storage),
    plan: async (written) => {
      const { spec, before, code, changes } = await compare(written)
      return { project: spec.project, exists: before !== undefined, changes, code, spec }
    },
    apply: async (written, by, also) => {
      const { spec, before, code, changes } = await compare(written)
      const project: StoredProject = {
        name: spec.project,
        spec,
        code,
        ...written,
        appliedAt: clock.now(),
        appliedBy: by,
      }
      const moved = before?.folder !== written.folder || before.canvas !== written.canvas
      if (changes.length > 0 || moved || before?.code.contentHash !== code.contentHash) {
        await storage.write(async (tx) => {
          await saveProject(tx, project)
          await also(tx, project)
          await events.publish(tx, {
            type: 'projects.applied',
            project: project.name,
            subject: project.name,
            data: { by, changes: changes.length, commit: code.commit, dirty: code.dirty },
          })
        })
        // Nothing is new, and what the file asks for may be missing all the same: it is tried again.
      } else await storage.write((tx) => also(tx, project))
      return { project: project.name, changes, code }
    },
  }
}
