import { OrreryError } from '#platform/errors'

/** One thing wrong with a project file. */
export interface ProjectFileProblem {
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1. */
  readonly column: number
  /** Such as `data.market.expect[0].between`; empty for the file as a whole. */
  readonly path: string
  readonly wrong: string
  readonly todo: string
}

/** A project file that cannot be used, with every problem found in it. */
export class ProjectFileInvalid extends OrreryError {
  readonly filename: string
  readonly problems: readonly ProjectFileProblem[]

  constructor({ filename, problems }: { filename: string; problems: readonly ProjectFileProblem[] }) {
    const first = problems[0]!
    const more = problems.length > 1 ? `, and ${problems.length - 1} more` : ''
    super({
      code: 'ORRERY_PROJECTS_FILE_INVALID',
      status: 422,
      message: `${filename}:${first.line}:${first.column} ${first.wrong}${more}`,
      hint: first.todo,
      details: { filename, problems },
    })
    this.filename = filename
    this.problems = problems
  }

  /** Every problem on its own line, as compilers write them, so that editors can jump to it. */
  render(): string {
    return this.problems
      .map(
        ({ line, column, path, wrong, todo }) =>
          `${this.filename}:${line}:${column} ${path ? `${path}: ` : ''}${wrong}. ${todo}`,
      )
      .join('\n')
  }
}
