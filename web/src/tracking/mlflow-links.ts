import { paths } from '../shell/paths.ts'

/**
 * The page that a link of MLflow's means: `#/experiments/<id>/runs/<run>`, `#/models/<name>/versions/<n>`, and traces as
 * `#/experiments/<id>/traces?selectedEvaluationId=<trace>`. Clients print such links under the address of the server.
 *
 * @returns undefined where it is no such link
 */
export function pageOfLink(hash: string): string | undefined {
  const [address = '', query] = hash.replace(/^#/, '').split('?', 2)
  const [root, ...rest] = address.split('/').filter(Boolean).map(decoded)
  const asked = new URLSearchParams(query)
  if (root === 'experiments') return pageOfExperiment(rest, asked)
  if (root === 'models') return pageOfModel(rest)
  if (root === 'compare-runs') return compared(asked)
  return undefined
}

function pageOfExperiment([experiment, part, id]: string[], asked: URLSearchParams): string {
  if (experiment === undefined) return paths.experiments()
  if (part === 'runs' && id !== undefined) return paths.trial('', id)
  const trace = asked.get('selectedEvaluationId') ?? asked.get('selectedTraceId')
  if (part === 'traces') return trace === null ? paths.traces() : paths.requestTrace(trace)
  return paths.experiment(experiment)
}

function pageOfModel([model, part, version]: string[]): string {
  if (model === undefined) return paths.models('')
  if (part === 'versions' && Number(version) >= 1) return paths.version('', model, Number(version))
  return paths.model('', model)
}

/** Their ids stand in the query as JSON. */
function compared(asked: URLSearchParams): string {
  try {
    return paths.compare((JSON.parse(asked.get('runs') ?? '[]') as unknown[]).map(String))
  } catch {
    return paths.experiments()
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
