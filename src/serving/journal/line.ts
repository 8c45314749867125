import type { Amendment, NewPrediction } from '../store.ts'

/*
 * One prediction as one line of text: fields with tabs between them. JSON escapes tabs and newlines, so a field is either JSON or
 * a number, and a line is cut apart without being parsed: the columns that are JSON go into their table as they stand.
 */

type Arm = Pick<NewPrediction, 'endpoint' | 'project' | 'model' | 'version' | 'route' | 'weights'>

/**
 * Writes lines; what the answers of an arm have in common is made once for a run of them.
 * @param onArm is told of each arm that was not the last one's
 */
export function createLineWriter(onArm: (endpoint: string) => void = () => {}): (prediction: NewPrediction) => string {
  let last: Arm | undefined
  let common = ''

  return (prediction) => {
    if (!last || !isSameArm(last, prediction)) {
      const { endpoint, project, model, version, route, weights } = prediction
      last = { endpoint, project, model, version, route, weights }
      onArm(endpoint)
      common = JSON.stringify([endpoint, project, model, version, route, weights])
    }
    const { id, eventTime, receivedAt, latencyUs, inputs, value, label, probabilities, scores } = prediction
    return `${common}\t${JSON.stringify(id)}\t${eventTime}\t${receivedAt}\t${latencyUs}\t${value}\t${
      label === null ? '' : JSON.stringify(label)
    }\t${probabilities ?? ''}\t${scores}\t${inputs}\n`
  }
}

function isSameArm(a: Arm, b: Arm): boolean {
  return (
    a.endpoint === b.endpoint &&
    a.version === b.version &&
    a.route === b.route &&
    a.model === b.model &&
    a.project === b.project &&
    a.weights === b.weights
  )
}

/** A line about a prediction before it. No line of a prediction begins so. */
export const amendmentLine = ({ id, scores }: Amendment) => `+\t${JSON.stringify(id)}\t${scores}\n`

/** What stands in lines, in their order. */
export function readLines(lines: string): { predictions: NewPrediction[]; amendments: Amendment[] } {
  const predictions: NewPrediction[] = []
  const amendments: Amendment[] = []
  let last = ''
  let arm: Arm | undefined
  for (let from = 0; from < lines.length; ) {
    const end = lines.indexOf('\n', from)
    const fields = lines.slice(from, end).split('\t')
    from = end + 1
    if (fields[0] === '+') {
      amendments.push({ id: textOf(fields[1]!), scores: fields[2]! })
      continue
    }
    const [common, id, eventTime, receivedAt, latencyUs, value, label, probabilities, scores, inputs] = fields as [
      ...[string, string, string, string, string, string, string, string, string, string],
    ]
    if (!arm || common !== last) {
      last = common
      const [endpoint, project, model, version, route, weights] = JSON.parse(common)
      arm = { endpoint, project, model, version, route, weights }
    }
    predictions.push({
      ...arm,
      id: textOf(id),
      eventTime: Number(eventTime),
      receivedAt: Number(receivedAt),
      latencyUs: Number(latencyUs),
      value: Number(value),
      label: label === '' ? null : textOf(label),
      probabilities: probabilities === '' ? null : probabilities,
      scores,
      inputs,
    })
  }
  return { predictions, amendments }
}

/** The predictions of lines. */
export const predictionsOf = (lines: string): NewPrediction[] => readLines(lines).predictions

/** A JSON text; most have nothing that is escaped. */
const textOf = (json: string): string => (json.includes('\\') ? JSON.parse(json) : json.slice(1, -1))
