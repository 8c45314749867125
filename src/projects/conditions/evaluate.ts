import type { CompiledCondition } from './compile.ts'
import type { GateContext, KindContexts } from './contexts.ts'
import { judge, type SeenValue } from './judge.ts'
import { instanceOf } from './language.ts'
import { VARIABLES } from './vocabulary.ts'

export interface Verdict {
  /** Of a gate: the candidate may pass. Of any other condition: it holds. */
  readonly passed: boolean
  /** False when a value it needed was missing, and `passed` is what the rule says for that case. */
  readonly known: boolean
  /** The values behind the verdict, or why there is none; one line. */
  readonly explanation: string
  readonly values: readonly SeenValue[]
}

/**
 * Evaluates a condition. Values that are missing (absent, null, NaN) have a defined result: a comparison with the
 * champion passes a gate while there is no champion; any other missing value fails the gate, and keeps every other
 * condition from holding. The explanation says which.
 */
export function evaluateCondition<Kind extends CompiledCondition['kind']>(
  condition: CompiledCondition & { kind: Kind },
  context: KindContexts[Kind],
): Verdict {
  const given = context as Readonly<Record<string, unknown>>
  const variables = Object.fromEntries(
    Object.entries(VARIABLES[condition.kind])
      // Without segments declared there are none, which is known.
      .map(([name, { type }]) => [name, instanceOf(type, given[name] ?? (type === 'Segments' ? [] : undefined))])
      .filter(([, value]) => value !== undefined),
  )
  const { truth, seen, missing, notes } = judge(condition, variables)
  const shown = [...notes, ...seen.map(showValue)]
  if (truth !== 'unknown')
    return { passed: truth, known: true, explanation: shown.join(', ') || String(truth), values: seen }
  const alone =
    condition.kind === 'gate' && isAlone(given as GateContext) && missing.every(({ path }) => needsChampion(path))
  const why = alone ? ['there is no champion yet to compare with'] : missing.map(({ because }) => because)
  return { passed: alone, known: false, explanation: [...unique(why), ...shown].join(', '), values: seen }
}

function isAlone(context: GateContext): boolean {
  return context.champion === undefined || context.champion === null
}

/** Whether a path has no value merely because there is no champion. */
function needsChampion(path: string): boolean {
  return /^champion\b|^improvement\b|\.improvement\b/.test(path)
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}

function showValue({ path, value, unit, segment }: SeenValue): string {
  const figure =
    typeof value === 'number' ? (unit === 'ms' ? showDuration(value) : showNumber(value)) : JSON.stringify(value)
  return `${path} = ${figure}${segment ? ` (${segment})` : ''}`
}

/** Four significant digits: enough to see on which side of a bound a figure lies, short enough to read. */
function showNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

function showDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? ['ms', 1]
  return `${showNumber(ms / size)}${unit}`
}
