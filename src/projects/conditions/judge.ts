import type { ASTNode } from '@marcbachmann/cel-js'
import type { CompiledCondition } from './compile.ts'
import { celType, environmentOf } from './language.ts'
import { TYPES, VARIABLES } from './vocabulary.ts'

/** One value a condition looked at. `segment` says of which segment, as `column = value`. */
export interface SeenValue {
  readonly path: string
  readonly value: number | string | boolean
  readonly unit?: 'ms'
  readonly segment?: string
}

/** What is known of (a part of) a condition. `unknown` is neither true nor false: something it needs is missing. */
export interface Judgement {
  readonly truth: boolean | 'unknown'
  readonly seen: readonly SeenValue[]
  /** What has no value, as far as the truth depends on it. */
  readonly missing: readonly Missing[]
  /** What was found out about segments: how many fail, how many could not be judged. */
  readonly notes: readonly string[]
}

export interface Missing {
  /** The name without a value, or the part of the condition that could not be computed. */
  readonly path: string
  /** A sentence without its full stop. */
  readonly because: string
}

type Scope = Readonly<Record<string, unknown>>

/**
 * Judges a condition in three values (Kleene's logic, which is also how CEL treats errors under && and ||): a part that
 * cannot be known only matters where the rest does not decide. The library computes every comparison; what joins them
 * is walked here, so that the verdict can name the parts that made it. Costs one comparison per part and segment.
 */
export function judge(condition: CompiledCondition, variables: Scope): Judgement {
  return new Judge(condition).judge(condition.ast, variables)
}

class Judge {
  private readonly condition: CompiledCondition
  private readonly programs = new Map<string, (scope: Scope) => unknown>()

  constructor(condition: CompiledCondition) {
    this.condition = condition
  }

  judge(node: ASTNode, scope: Scope): Judgement {
    if (node.op === '&&' || node.op === '||')
      return join(
        node.op === '&&',
        node.args.map((part) => this.judge(part, scope)),
      )
    if (node.op === '!_') {
      const inner = this.judge(node.args, scope)
      return { ...inner, truth: inner.truth === 'unknown' ? inner.truth : !inner.truth }
    }
    if (node.op === '?:') return this.choice(node.args, scope)
    if (node.op === 'rcall' && (node.args[0] === 'all' || node.args[0] === 'exists'))
      return this.quantifier(node, scope)
    return this.comparison(node, scope)
  }

  private choice([condition, yes, no]: readonly [ASTNode, ASTNode, ASTNode], scope: Scope): Judgement {
    const chosen = this.judge(condition, scope)
    if (chosen.truth === 'unknown') return chosen
    const branch = this.judge(chosen.truth ? yes : no, scope)
    return { ...branch, seen: [...chosen.seen, ...branch.seen], notes: [...chosen.notes, ...branch.notes] }
  }

  private comparison(node: ASTNode, scope: Scope): Judgement {
    const { seen, missing } = this.look(node, scope)
    try {
      const truth = this.run(node, scope)
      if (typeof truth === 'boolean') return { truth, seen, missing: [], notes: [] }
    } catch (error) {
      const reasons = missing.length > 0 ? missing : [{ path: this.textOf(node), because: reasonOf(error) }]
      return { truth: 'unknown', seen, missing: reasons, notes: [] }
    }
    throw new TypeError(`"${this.textOf(node)}" was checked to be true or false, and is neither`)
  }

  /**
   * `all` and `exists` over segments. A segment without a value (too few rows, one class) cannot speak for or against:
   * it is left out and counted. Where none can speak, nothing is known.
   */
  private quantifier(node: ASTNode & { op: 'rcall' }, scope: Scope): Judgement {
    const [kind, list, args] = node.args
    const [variable, predicate] = args as [ASTNode & { op: 'id' }, ASTNode]
    let segments: readonly unknown[]
    try {
      segments = this.run(list, scope) as readonly unknown[]
    } catch (error) {
      return { truth: 'unknown', seen: [], missing: [{ path: this.textOf(list), because: reasonOf(error) }], notes: [] }
    }
    const judged = segments.map((segment) => ({
      name: segmentName(segment),
      ...this.judge(predicate, { ...scope, [variable.args]: segment }),
    }))
    const known = judged.filter((one) => one.truth !== 'unknown')
    const decisive = known.filter((one) => one.truth === (kind === 'exists'))
    const unknown = judged.length - known.length
    const nobody = known.length === 0 && unknown > 0
    const truth = nobody ? 'unknown' : kind === 'exists' ? decisive.length > 0 : decisive.length === 0
    const found = kind === 'exists' ? 'hold' : 'fail'
    return {
      truth,
      seen: decisive.slice(0, SHOWN).flatMap((one) => one.seen.map((value) => ({ ...value, segment: one.name }))),
      missing: nobody ? judged.flatMap((one) => one.missing) : [],
      notes: nobody
        ? []
        : [
            judged.length === 0 ? 'there are no segments' : `${decisive.length} of ${judged.length} segments ${found}`,
            ...(unknown > 0 ? [`${unknown} without a value are left out`] : []),
          ],
    }
  }

  /** The values of everything `node` refers to, and what has none. */
  private look(node: ASTNode, scope: Scope): { seen: SeenValue[]; missing: Missing[] } {
    const seen: SeenValue[] = []
    const missing: Missing[] = []
    for (const part of pathsIn(node)) {
      const path = this.textOf(part)
      const value = this.valueAt(part, scope)
      if (value === undefined) missing.push({ path, because: `${path} is not known` })
      else if (!seen.some((one) => one.path === value.path)) seen.push(value)
    }
    return { seen, missing }
  }

  private valueAt(path: ASTNode, scope: Scope): SeenValue | undefined {
    let value: unknown
    try {
      value = this.run(path, scope)
    } catch {
      return undefined
    }
    const text = this.textOf(path)
    if (typeof value === 'bigint') return { path: text, value: Number(value) }
    if (typeof value === 'object' && value !== null) {
      const { value: figure } = value as { value?: number }
      return figure === undefined ? undefined : { path: `${text}.value`, value: figure }
    }
    const unit = this.isDuration(path) ? { unit: 'ms' as const } : {}
    return { path: text, value: value as number | string | boolean, ...unit }
  }

  /** A field's name alone says whether it is a duration: no two types use one for different things. */
  private isDuration(path: ASTNode): boolean {
    if (path.op !== '.') return false
    const [, name] = path.args
    return Object.values(TYPES).some((fields) => Object.hasOwn(fields, name) && fields[name]!.type === 'ms')
  }

  /** Evaluates one part of the condition by itself, with the segment variables of its scope declared. */
  private run(node: ASTNode, scope: Scope): unknown {
    const { kind, source } = this.condition
    const key = `${node.start}:${node.end}`
    let program = this.programs.get(key)
    if (!program) {
      const extra = Object.keys(scope).filter((name) => !Object.hasOwn(VARIABLES[kind], name))
      const base = environmentOf(kind)
      const environment = extra.length > 0 ? base.clone() : base
      for (const name of extra) environment.registerVariable(name, celType('Segment'))
      program = environment.parse(source.slice(node.start, node.end))
      this.programs.set(key, program)
    }
    return program(scope)
  }

  private textOf(node: ASTNode): string {
    return this.condition.text.slice(node.start, node.end)
  }
}

/** Segments named in an explanation; the rest are counted. */
const SHOWN = 3

function join(all: boolean, parts: readonly Judgement[]): Judgement {
  const decided = parts.some((part) => part.truth === !all)
  const unknown = !decided && parts.some((part) => part.truth === 'unknown')
  return {
    truth: decided ? !all : unknown ? 'unknown' : all,
    seen: withoutRepeats(parts.flatMap((part) => part.seen)),
    missing: unknown ? parts.flatMap((part) => (part.truth === 'unknown' ? part.missing : [])) : [],
    notes: parts.flatMap((part) => part.notes),
  }
}

function withoutRepeats(seen: readonly SeenValue[]): SeenValue[] {
  return seen.filter(
    (one, i) => seen.findIndex((other) => other.path === one.path && other.segment === one.segment) === i,
  )
}

/** The longest names in `node` that stand for a value: `champion.metrics.roc_auc.value`, `segments("x").size()`. */
function pathsIn(node: ASTNode): ASTNode[] {
  if (node.op === 'id' || node.op === '.' || node.op === 'rcall') return [node]
  if (node.op === 'value') return []
  if (node.op === 'call') return node.args[0] === 'duration' ? [] : node.args[1].flatMap(pathsIn)
  const parts = (Array.isArray(node.args) ? node.args : [node.args]) as ASTNode[]
  return parts.flatMap(pathsIn)
}

function segmentName(segment: unknown): string {
  const { column, value } = segment as { column?: string; value?: string }
  return `${column} = ${value}`
}

function reasonOf(error: unknown): string {
  const { summary, message } = error as { summary?: string; message: string }
  return summary ?? message.split('\n')[0]!
}
