/** The lines of a metric's file in an `mlruns` folder. Pure. */
import type { Report, SourceModel, SourcePoints } from './source.ts'

interface Point {
  at: number
  value: number
  step: number
  rest: string[]
}

/** `<ms> <value> [<step> …]`; `undefined` where it is none. */
function pointFrom(line: string): Point | undefined {
  const [at = '', value = '', step = '0', ...rest] = line.trim().split(' ')
  if (!/^-?\d{1,16}$/.test(at) || !/^-?\d{1,16}$/.test(step)) return undefined
  const number = numberFrom(value)
  return number === undefined ? undefined : { at: Number(at), value: number, step: Number(step), rest }
}

/** A number as Python writes it. */
function numberFrom(text: string): number | undefined {
  const special = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(text)
  if (special) return special[2]!.toLowerCase() === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

/** A dataset's name may have blanks; its digest has none. */
const datasetFrom = (words: readonly string[]) =>
  words.length < 2 ? null : { name: words.slice(0, -1).join(' '), digest: words.at(-1)! }

const linesOf = (file: string) => file.split('\n').filter((line) => line !== '' && line !== '\r')

/** The points of a run's metric, in pieces; lines that are none are reported, all of them at once. */
export function* pointsIn(
  file: string,
  { run, key, report, piece }: { run: string; key: string; report: Report; piece: number },
): Generator<SourcePoints> {
  const empty = (): Required<SourcePoints> => ({ run, key, steps: [], times: [], values: [], datasets: [] })
  const damaged: string[] = []
  let points = empty()
  for (const line of linesOf(file)) {
    const point = pointFrom(line)
    if (!point) {
      damaged.push(line)
      continue
    }
    points.steps.push(point.step)
    points.times.push(point.at)
    points.values.push(point.value)
    points.datasets.push(datasetFrom(point.rest))
    if (points.steps.length === piece) {
      yield points
      points = empty()
    }
  }
  if (points.steps.length > 0) yield points
  if (damaged.length > 0) reportDamaged(report, `run ${run}: metric ${key}`, damaged)
}

/** Which points were measured of a logged model: `<ms> <value> <step> <run> [<dataset> <digest>]`. */
export function modelPointsIn(
  file: string,
  { model, key, report }: { model: string; key: string; report: Report },
): SourceModel['metrics'] {
  const damaged: string[] = []
  const points = linesOf(file).flatMap((line) => {
    const point = pointFrom(line)
    const [run, ...dataset] = point?.rest ?? []
    if (point && run) return [{ run, key, step: point.step, at: point.at, dataset: datasetFrom(dataset) }]
    damaged.push(line)
    return []
  })
  if (damaged.length > 0) reportDamaged(report, `logged model ${model}: metric ${key}`, damaged)
  return points
}

function reportDamaged(report: Report, what: string, lines: readonly string[]): void {
  const count = lines.length === 1 ? 'a line that is no point' : `${lines.length} lines that are no points`
  report({ what, reason: `${count}: "${lines[0]!.slice(0, 80)}"`, hint: 'Its other points were brought.' })
}
