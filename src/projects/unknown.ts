import { OrreryError } from '#platform/errors'

export class ProjectUnknown extends OrreryError {
  constructor(name: string, known: readonly string[]) {
    super({
      code: 'ORRERY_PROJECTS_UNKNOWN',
      status: 404,
      message: `There is no project "${name}"${known.length > 0 ? `; there are ${known.slice(0, 5).join(', ')}` : ''}.`,
      hint: 'Run `orrery apply` in the folder with its orrery.yaml.',
    })
  }
}

export class FolderUnknown extends OrreryError {
  constructor(folder: string) {
    super({
      code: 'ORRERY_PROJECTS_FOLDER_UNKNOWN',
      status: 422,
      message: `"${folder}" is no folder that this server can read.`,
      hint: 'Give the absolute path of the project folder on the server’s machine.',
    })
  }
}
