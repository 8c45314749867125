import { LineCounter, parseDocument, type YAMLError } from 'yaml'
import { conditionsOf } from '../conditions/in-file.ts'
import { ProjectFileInvalid, type ProjectFileProblem } from '../errors.ts'
import { completeSpec, type ProjectSpec } from './complete.ts'
import { positionOf } from './positions.ts'
import { describeIssues, type SchemaFinding } from './problems.ts'
import { ProjectFile, projectFileJsonSchema } from './project.ts'
import { brokenReferences } from './references.ts'

/** A project file is written by hand; hundreds of pages are something else, and would cost the server time to refuse. */
const LARGEST_FILE = 100_000

/** Beyond these, one mistake is repeating itself. */
const MOST_PROBLEMS = 100

/**
 * Reads a project file.
 * @param text the YAML; at most 100,000 characters
 * @param filename as it is named in the problems
 * @throws ProjectFileInvalid with every problem found, in the order of the file
 */
export function parseProject(text: string, filename = 'orrery.yaml'): { spec: ProjectSpec } {
  const refuse = (problems: ProjectFileProblem[]): never => {
    const inOrder = problems.sort((a, b) => a.line - b.line || a.column - b.column)
    throw new ProjectFileInvalid({ filename, problems: inOrder.slice(0, MOST_PROBLEMS) })
  }
  const refuseWhole = (wrong: string, todo: string) => refuse([{ line: 1, column: 1, path: '', wrong, todo }])

  if (text.length > LARGEST_FILE)
    return refuseWhole('the file is longer than 100,000 characters', 'Is this a project file? Keep data out of it.')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  // The YAML library descends by recursion: a file of brackets ends in a full stack, which it reports so.
  if (document.errors.some((error) => error.code === 'RESOURCE_EXHAUSTION'))
    return refuseWhole('the file is nested too deeply to read', 'Is this a project file? None nests that deep.')
  const syntax = [...document.errors, ...document.warnings].map((error) => syntaxProblem(error, lines))
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return refuse(syntax)

  let written: unknown
  try {
    written = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return refuseWhole(
      `its aliases cannot be followed (${(error as Error).message})`,
      'Write the values out instead of *aliases.',
    )
  }
  if (written === null)
    return refuseWhole('the file is empty', 'Start with `project:` and `data:`; see the guide to the project file.')
  if (typeof written !== 'object' || Array.isArray(written))
    return refuseWhole('the file is not a mapping of keys to values', 'Start with `project:` and a name.')

  const locate = (finding: SchemaFinding & { within?: number }): ProjectFileProblem => ({
    ...positionOf(document, lines, finding.path, finding),
    path: pathText(finding.path),
    wrong: finding.wrong,
    todo: finding.todo,
  })
  const result = ProjectFile.safeParse(written, { reportInput: true })
  if (!result.success)
    return refuse([...syntax, ...describeIssues(result.error.issues, projectFileJsonSchema()).map(locate)])
  const { compiled, findings } = conditionsOf(result.data)
  const problems = [...syntax, ...[...brokenReferences(result.data), ...findings].map(locate)]
  if (problems.length > 0) return refuse(problems)
  return {
    spec: completeSpec(
      result.data,
      compiled.flatMap((condition) => condition.segmentColumns),
    ),
  }
}

const SYNTAX_HINTS: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'Indent with spaces; YAML allows no tabs there.',
  DUPLICATE_KEY: 'Keep one of the two.',
  MULTIPLE_DOCS: 'Remove the second `---`: a file holds one project.',
  BAD_INDENT: 'Indent it with spaces like its neighbours, and close every bracket and quote above it.',
  MISSING_CHAR: 'Close the quote, bracket or brace, or add what is missing.',
  BAD_ALIAS: 'A leading * or & has a meaning in YAML: quote the text.',
  TAG_RESOLVE_FAILED: 'A leading ! has a meaning in YAML: quote the text.',
  NON_STRING_KEY: 'Write the key as plain text.',
}

function syntaxProblem(error: YAMLError, lines: LineCounter): ProjectFileProblem {
  const { line, col } = lines.linePos(error.pos[0])
  const wrong = error.message.charAt(0).toLowerCase() + error.message.slice(1)
  return {
    line,
    column: col,
    path: '',
    wrong,
    todo: SYNTAX_HINTS[error.code] ?? 'Correct the YAML; quoting the text often helps.',
  }
}

/** `data.market.expect[0].between` */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key)),
    '',
  )
}
