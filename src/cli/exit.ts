import type { ClientError } from '#platform/http/contract'

/** Exit codes a script can trust. */
export const DONE = 0
export const ANSWER_IS_NO = 1
export const WRONG_USE = 2
export const COULD_NOT = 3

/** What the caller wrote is wrong: a setting or a project file. */
const WRITTEN_WRONGLY = [
  'ORRERY_CONFIG_INVALID',
  'ORRERY_CLI_WRONG_USE',
  'ORRERY_PROJECTS_FILE_INVALID',
  'ORRERY_PROJECTS_NO_FILE',
  'ORRERY_SERVE_NO_SUCH_FILE',
  'ORRERY_SERVE_NOTHING_TO_SERVE',
]

/** A refusal of the server is an answer, and the answer is no; a server that says nothing, or fails, could not. */
export function exitCodeOf(error: unknown): number {
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && WRITTEN_WRONGLY.includes(code)) return WRONG_USE
  if (isRefusal(error)) return ANSWER_IS_NO
  return COULD_NOT
}

/** By name: the class comes with every schema of the server's, which most commands start without. */
function isRefusal(error: unknown): boolean {
  const { name, status } = error as Partial<ClientError>
  return name === 'ClientError' && status !== undefined && status >= 400 && status < 500
}
