import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { OrreryError } from '#platform/errors'
import { type ProjectSpec, parseProject, type WrittenProject } from '#projects'

export class NoProjectFile extends OrreryError {
  constructor(path: string) {
    super({
      code: 'ORRERY_PROJECTS_NO_FILE',
      status: 404,
      message: `There is no project file at ${path}.`,
      hint: 'Go to a folder with an orrery.yaml, or name one with --file; examples/churn is a small one to start from.',
    })
  }
}

export interface ProjectFolder {
  readonly spec: ProjectSpec
  /** What the server is told. */
  readonly written: WrittenProject
}

/** The project file of a folder, checked here already so that its errors name lines without a server. */
export async function readProjectFolder(file: string, simulated = false): Promise<ProjectFolder> {
  const path = resolve(file)
  const text = await readFile(path, 'utf8').catch((error) => {
    throw error.code === 'ENOENT' || error.code === 'EISDIR' ? new NoProjectFile(path) : error
  })
  const { spec } = parseProject(text, file)
  const folder = dirname(path)
  const canvas = spec.canvas ? await readFile(join(folder, spec.canvas), 'utf8').catch(() => '') : ''
  return { spec, written: { file: text, folder, canvas, simulated } }
}
