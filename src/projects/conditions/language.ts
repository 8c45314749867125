import { Environment } from '@marcbachmann/cel-js'
import { type ConditionKind, type Term, TYPES, type TypeName, VARIABLES } from './vocabulary.ts'

/*
 * CEL with Orrery's types. Numbers are doubles; an estimate counts as its value wherever a number is wanted, so that
 * `metrics.roc_auc >= 0.8` reads as it is meant. Values are instances of one class per type, which is how the library
 * knows their fields.
 */

/** Far above any condition a person writes; they bound the work of reading one. */
const LIMITS = { maxAstNodes: 500, maxDepth: 32, maxListElements: 100, maxMapEntries: 1, maxCallArguments: 4 }

type Instance = Record<string | symbol, unknown>
const CLASSES = Object.fromEntries(
  (Object.keys(TYPES) as TypeName[]).map((name) => [name, { [name]: class {} }[name]!]),
) as Record<TypeName, new () => Instance>

/** The name CEL knows a term's type by. */
export function celType(type: Term['type']): string {
  if (type === 'number' || type === 'ms') return 'double'
  if (type === 'text') return 'string'
  if (type === 'flag') return 'bool'
  return type === 'Segments' ? 'list<Segment>' : type
}

const environments = new Map<ConditionKind, Environment>()

/** The language of a kind of condition. */
export function environmentOf(kind: ConditionKind): Environment {
  const known = environments.get(kind)
  if (known) return known
  const environment = BASE.clone()
  for (const [name, { type }] of Object.entries(VARIABLES[kind])) environment.registerVariable(name, celType(type))
  environments.set(kind, environment)
  return environment
}

const NUMBER: Record<string, (value: unknown) => number> = {
  double: (value) => value as number,
  int: (value) => Number(value),
  Estimate: figureOf,
  Improvement: figureOf,
}

function figureOf(estimate: unknown): number {
  const { value } = estimate as { value?: number }
  if (value === undefined) throw new MissingValue('it has no value')
  return value
}

/** Thrown inside an evaluation: something asked for is not known. */
export class MissingValue extends Error {}

const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}
const COMPARISON: Record<string, (a: number, b: number) => boolean> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}
const PAIRS = Object.keys(NUMBER).flatMap((left) => Object.keys(NUMBER).map((right) => [left, right] as const))
const isEstimate = (type: string) => type === 'Estimate' || type === 'Improvement'

function buildBase(): Environment {
  const base = new Environment({ limits: LIMITS })
  for (const name of Object.keys(TYPES) as TypeName[]) registerType(base, name)
  for (const [left, right] of PAIRS) {
    const number = (a: unknown, b: unknown): [number, number] => [NUMBER[left]!(a), NUMBER[right]!(b)]
    const isNew = isEstimate(left) || isEstimate(right)
    // CEL itself compares whole numbers with fractions, but does not calculate with both.
    if (isNew || left !== right)
      for (const [sign, of] of Object.entries(ARITHMETIC))
        base.registerOperator(`${left} ${sign} ${right}: double`, (a, b) => of(...number(a, b)))
    if (isNew)
      for (const [sign, of] of Object.entries(COMPARISON))
        base.registerOperator(`${left} ${sign} ${right}: bool`, (a, b) => of(...number(a, b)))
    // The library adds the mirrored form and `!=` by itself.
    const isMirrored = isNew
      ? !isEstimate(left) || (isEstimate(right) && left > right)
      : left !== 'double' || right !== 'int'
    if (!isMirrored) base.registerOperator(`${left} == ${right}: bool`, (a, b) => number(a, b)[0] === number(a, b)[1])
    base.registerFunction(`min(${left}, ${right}): double`, (a, b) => Math.min(...number(a, b)))
    base.registerFunction(`max(${left}, ${right}): double`, (a, b) => Math.max(...number(a, b)))
  }
  for (const type of Object.keys(NUMBER)) {
    base.registerFunction(`abs(${type}): double`, (a) => Math.abs(NUMBER[type]!(a)))
    if (isEstimate(type)) base.registerOperator(`-${type}: double`, (a) => -NUMBER[type]!(a))
  }
  registerSegments(base)
  return base
}

function registerType(base: Environment, name: TypeName): void {
  const fields = Object.fromEntries(Object.entries(TYPES[name]).map(([field, { type }]) => [field, celType(type)]))
  base.registerType(name, { ctor: CLASSES[name], fields })
}

function registerSegments(base: Environment): void {
  base.registerFunction('Explanation.share(string): double', (explanation: Instance, feature: string) => {
    const share = (explanation[SHARES] as Record<string, number> | undefined)?.[feature]
    if (share === undefined) throw new MissingValue(`nothing is known of a feature ${JSON.stringify(feature)}`)
    return share
  })
  base.registerFunction('Champion.segment(Segment): Segment', (champion: Instance, segment: Instance) => {
    const all = (champion.segments ?? []) as Instance[]
    const same = all.find((one) => one.column === segment.column && one.value === segment.value)
    if (!same) throw new MissingValue(`the champion has no segment ${segment.column} = ${segment.value}`)
    return same
  })
  // A macro, because only macros see the variables: the segments are those of the condition being evaluated.
  base.registerFunction('segments(ast): list<Segment>', ({ args }: { args: unknown[] }) => ({
    typeCheck: (
      checker: { getType(name: string): unknown; check(node: unknown, context: unknown): unknown },
      _: unknown,
      context: unknown,
    ) => {
      checker.check(args[0], context)
      return checker.getType('list<Segment>')
    },
    evaluate: (
      evaluator: { run(node: unknown, context: unknown): unknown },
      _: unknown,
      context: { getValue(name: string): unknown },
    ) => {
      const column = evaluator.run(args[0], context)
      const all = (context.getValue('segments') ?? []) as Instance[]
      const ofColumn = all.filter((segment) => segment.column === column)
      if (ofColumn.length === 0) throw new MissingValue(`no segments of ${JSON.stringify(column)} were evaluated`)
      return ofColumn
    },
  }))
}

const BASE = buildBase()

/** Where an explanation keeps its features: under a name that no condition can write. */
const SHARES = Symbol('shares')

/**
 * A plain value as an instance of `type`: only the fields the type has, without those that are not known (absent, null
 * or NaN). A number stands for an estimate that has only its value.
 */
export function instanceOf(type: Term['type'], value: unknown): unknown {
  if (value === undefined || value === null || Number.isNaN(value)) return undefined
  if (type === 'Segments') return Array.isArray(value) ? value.map((item) => instanceOf('Segment', item)) : undefined
  if (!Object.hasOwn(TYPES, type)) return isOfScalar(type, value) ? value : undefined
  const name = type as TypeName
  const fields = typeof value === 'number' ? { value } : withStandardError(name, value as Instance)
  // A segment's metrics stand beside its other fields too: `s.roc_auc` for `s.metrics.roc_auc`.
  const source = name === 'Segment' ? { ...(fields.metrics as object), ...fields } : fields
  const instance = new CLASSES[name]()
  if (name === 'Explanation') (instance as Record<symbol, unknown>)[SHARES] = fields.shares
  for (const [field, term] of Object.entries(TYPES[name])) {
    const known = instanceOf(term.type, (source as Instance)[field])
    if (known !== undefined) instance[field] = known
  }
  return instance
}

/** Half the width of a 95 % interval in standard errors: figures are often reported with an interval alone. */
const Z95 = 1.959963984540054

function withStandardError(name: TypeName, fields: Instance): Instance {
  const { lower95, upper95, standard_error } = fields as Record<string, number | null | undefined>
  const derivable = isEstimate(name) && typeof standard_error !== 'number'
  if (!derivable || typeof lower95 !== 'number' || typeof upper95 !== 'number') return fields
  return { ...fields, standard_error: (upper95 - lower95) / (2 * Z95) }
}

function isOfScalar(type: Term['type'], value: unknown): boolean {
  if (type === 'text') return typeof value === 'string'
  return typeof value === (type === 'flag' ? 'boolean' : 'number')
}
