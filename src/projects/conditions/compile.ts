import type { ASTNode } from '@marcbachmann/cel-js'
import { parseDuration } from '#platform/time'
import { nearestName } from '../nearest.ts'
import { LONGEST_CONDITION } from '../spec/conditions.ts'
import { ConditionInvalid } from './errors.ts'
import { environmentOf } from './language.ts'
import {
  type ConditionKind,
  FUNCTIONS,
  METHODS,
  type Term,
  type Terms,
  TYPES,
  type TypeName,
  VARIABLES,
} from './vocabulary.ts'

export interface CompiledCondition {
  /** As it was written. */
  readonly text: string
  readonly kind: ConditionKind
  /** The columns whose segments it looks at. */
  readonly segmentColumns: readonly string[]
  /** It is about what only staging can measure: latency and memory. */
  readonly staged: boolean
  /** With durations written as numbers; every position is that of `text`. */
  readonly source: string
  readonly ast: ASTNode
}

/** The variables bound by an enclosing `all`, `exists` or `filter`, by name. */
type Bound = ReadonlyMap<string, Term['type']>

/**
 * Reads a condition and checks every name and type in it, so that evaluating it can fail only for want of a value.
 * @throws ConditionInvalid with the place, what is wrong and the nearest name
 */
export function compileCondition<Kind extends ConditionKind>(
  text: string,
  kind: Kind,
): CompiledCondition & { kind: Kind } {
  const refuse: Refuse = (offset, wrong, todo) => {
    throw new ConditionInvalid({ text, offset, wrong, todo })
  }
  if (text.length > LONGEST_CONDITION)
    return refuse(0, `the condition is longer than ${LONGEST_CONDITION} characters`, 'Split it, or shorten it.')
  if (text.trim() === '') return refuse(0, 'the condition is empty', 'Write a comparison.')
  const environment = environmentOf(kind)
  const written = guard(refuse, () => environment.parse(text).ast)
  const walk = new Reader(kind, refuse)
  walk.read(written, new Map())
  const source = writeDurations(text, walk.durations)
  const parsed = guard(refuse, () => environment.parse(source))
  const checked = parsed.check()
  if (!checked.valid) return refuseCel(refuse, checked.error!)
  if (checked.type !== 'bool')
    return refuse(0, 'the condition is neither true nor false', 'Compare the value, such as … > 0.1.')
  return { text, kind, segmentColumns: walk.segmentColumns, staged: walk.staged, source, ast: parsed.ast }
}

type Refuse = (offset: number, wrong: string, todo: string) => never
type CelError = { message: string; summary?: string; code?: string; range?: { start: number } }

function guard<Result>(refuse: Refuse, parse: () => Result): Result {
  try {
    return parse()
  } catch (error) {
    return refuseCel(refuse, error as CelError)
  }
}

function refuseCel(refuse: Refuse, error: CelError): never {
  const summary = error.summary ?? error.message.split('\n')[0]!
  const offset = error.range?.start ?? 0
  if (/^exceeded/i.test(summary)) return refuse(offset, 'the condition is too long or nested too deeply', 'Shorten it.')
  const types = /^no such overload: (.*)$/.exec(summary)?.[1]
  if (types)
    return refuse(
      offset,
      `${plainTypes(types)} does not work`,
      'Compare and calculate numbers with numbers, text with text.',
    )
  const wrong = plainTypes(summary.charAt(0).toLowerCase() + summary.slice(1))
  return refuse(offset, wrong, 'Conditions are written in CEL; see the guide to the project file.')
}

/** The library's type names in the words of the guide. */
function plainTypes(text: string): string {
  return text
    .replace(/\b(double|int|dyn)\b/g, 'number')
    .replace(/\bstring\b/g, 'text')
    .replace(/\bbool\b/g, 'true/false')
}

/** Same length, so that every position in messages stays right: a duration is always longer than its milliseconds. */
function writeDurations(text: string, durations: Reader['durations']): string {
  return durations.reduce((result, { start, end, ms }) => {
    const number = Number.isInteger(ms) ? `${ms}.0` : String(ms)
    return result.slice(0, start) + number.padEnd(end - start) + result.slice(end)
  }, text)
}

const UNUSABLE: Record<string, string> = { '[]': 'brackets after a name', map: 'maps' }
const OPERATORS = new Set(['==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', 'in', '&&', '||', '!_', '-_', '?:'])

/** Walks a condition and refuses what is not in its vocabulary, where the library could only say "no such key". */
class Reader {
  readonly durations: { start: number; end: number; ms: number }[] = []
  readonly segmentColumns: string[] = []
  staged = false
  private readonly kind: ConditionKind
  private readonly refuse: Refuse
  private readonly variables: Terms

  constructor(kind: ConditionKind, refuse: Refuse) {
    this.kind = kind
    this.refuse = refuse
    this.variables = VARIABLES[kind]
  }

  /** The type of what `node` refers to, or nothing for what is calculated. */
  read(node: ASTNode, bound: Bound): Term['type'] | undefined {
    if (node.op === 'id') return this.variable(node.args, node.start, bound)
    if (node.op === '.') return this.field(node, bound)
    if (node.op === 'call') return this.call(node, bound)
    if (node.op === 'rcall') return this.method(node, bound)
    if (node.op === 'value') return this.literal(node)
    if (node.op === 'list') for (const item of node.args) this.read(item, bound)
    else if (OPERATORS.has(node.op)) this.operator(node, bound)
    else
      this.refuse(
        node.start,
        `a condition cannot use ${UNUSABLE[node.op] ?? node.op}`,
        'Use names, numbers, comparisons, && and ||.',
      )
    return undefined
  }

  private variable(name: string, start: number, bound: Bound): Term['type'] {
    const type = bound.get(name) ?? own(this.variables, name)?.type
    if (type === 'Latency' || type === 'Memory') this.staged = this.kind === 'gate'
    return type ?? this.unknown(start, 'variable', name, [...bound.keys(), ...Object.keys(this.variables)])
  }

  private field(node: ASTNode & { op: '.' }, bound: Bound): Term['type'] {
    const [left, name] = node.args
    const type = this.read(left, bound)
    const fields = type !== undefined && Object.hasOwn(TYPES, type) ? TYPES[type as TypeName] : undefined
    const start = node.end - name.length
    if (!fields)
      return this.refuse(
        start,
        `there is no "${name}" to be had here`,
        'A dot follows a name that holds others, such as metrics.',
      )
    const found = own(fields, name)?.type ?? this.unknown(start, 'name', name, Object.keys(fields))
    if (found === 'Latency') this.staged = this.kind === 'gate'
    return found
  }

  private call(node: ASTNode & { op: 'call' }, bound: Bound): Term['type'] | undefined {
    const [name, args] = node.args
    if (!Object.hasOwn(FUNCTIONS, name)) return this.unknown(node.start, 'function', name, Object.keys(FUNCTIONS))
    const [first] = args
    if (name === 'duration') {
      this.durations.push({ start: node.start, end: node.end, ms: this.duration(node, args) })
      return 'ms'
    }
    if (name === 'segments') {
      if (!own(this.variables, 'segments'))
        this.refuse(node.start, `a ${this.kind} condition knows no segments`, 'Use segments in gates.')
      if (args.length !== 1 || first!.op !== 'value' || typeof first!.args !== 'string')
        return this.refuse(
          node.start,
          'segments takes the name of a column',
          'Write segments("column"), or segments for all.',
        )
      this.segmentColumns.push(first!.args)
      return 'Segments'
    }
    for (const arg of args) this.read(arg, bound)
    return undefined
  }

  private duration(node: ASTNode, args: ASTNode[]): number {
    const [arg] = args
    if (args.length === 1 && arg!.op === 'value' && typeof arg!.args === 'string') {
      try {
        return parseDuration(arg!.args)
      } catch (error) {
        return this.refuse(arg!.start, (error as RangeError).message, 'Write duration("30s"), duration("7d").')
      }
    }
    return this.refuse(node.start, 'duration takes one text in quotes', 'Write duration("30s"), duration("7d").')
  }

  private method(node: ASTNode & { op: 'rcall' }, bound: Bound): Term['type'] | undefined {
    const [name, receiver, args] = node.args
    const nameStart = node.input?.indexOf(name, receiver.end) ?? node.start
    if (!Object.hasOwn(METHODS, name)) return this.unknown(nameStart, 'method', name, Object.keys(METHODS))
    const type = this.read(receiver, bound)
    if (name === 'share') {
      const [feature] = args
      if (type !== 'Explanation' || args.length !== 1 || feature!.op !== 'value' || typeof feature!.args !== 'string')
        return this.refuse(nameStart, '"share" is not used like this', `Write ${METHODS[name]}.`)
      return 'number'
    }
    if (name === 'segment' || name === 'size') {
      for (const arg of args) this.read(arg, bound)
      return name === 'segment' ? 'Segment' : undefined
    }
    // One loop inside another would make the work of a condition grow with the square of the segments.
    if (bound.size > 0)
      return this.refuse(nameStart, `"${name}" inside another loop`, 'Use champion.segment(s) to find a counterpart.')
    const [variable, ...predicates] = args
    if (type !== 'Segments' || variable?.op !== 'id' || predicates.length !== 1)
      return this.refuse(nameStart, `"${name}" is not used like this`, `Write ${METHODS[name]}.`)
    this.read(predicates[0]!, new Map([[variable.args, 'Segment']]))
    return name === 'filter' ? 'Segments' : undefined
  }

  private literal(node: ASTNode & { op: 'value' }): undefined {
    const known = ['string', 'number', 'bigint', 'boolean'].includes(typeof node.args)
    if (!known) this.refuse(node.start, 'this kind of value cannot be used', 'Use numbers, text, true and false.')
  }

  private operator(node: ASTNode, bound: Bound): void {
    const parts = (Array.isArray(node.args) ? node.args : [node.args]) as ASTNode[]
    if (node.op === '/' && parts.every((part) => part.op === 'value' && typeof part.args === 'bigint'))
      this.refuse(node.start, 'whole numbers divide without a remainder in CEL', 'Write the result, such as 0.5.')
    for (const part of parts) this.read(part, bound)
  }

  private unknown(start: number, what: string, name: string, names: string[]): never {
    const near = nearestName(name, names)
    const todo = near ? `Did you mean "${near}"?` : `Known here: ${names.join(', ')}.`
    return this.refuse(start, `unknown ${what} "${name.slice(0, 60)}"`, todo)
  }
}

function own(terms: Terms, name: string): Term | undefined {
  return Object.hasOwn(terms, name) ? terms[name] : undefined
}
