import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js'
import { ExpressionInvalid } from './errors.ts'
import { type Arithmetic, type Comparison, type Function1, type Kind, kindOf, type Node } from './program.ts'

/** Far above any expression a person writes; they bound the work of reading one, and the depth of what it becomes. */
const LIMITS = { maxAstNodes: 1_000, maxDepth: 50, maxListElements: 1_000, maxMapEntries: 1_000, maxCallArguments: 16 }
const CEL = new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false })

/** The functions, with what they take. Whatever is here means the same, to the bit, in DuckDB and in ONNX. */
export const FUNCTIONS: Readonly<Record<string, string>> = {
  abs: 'abs(number)',
  ceil: 'ceil(number)',
  clip: 'clip(number, low, high)',
  coalesce: 'coalesce(a, b, …): the first that is there',
  col: 'col("a column whose name is no word")',
  exp: 'exp(number)',
  floor: 'floor(number)',
  if: 'if(condition, yes, no); the same as condition ? yes : no',
  is_missing: 'is_missing(value)',
  ln: 'ln(number); missing at 0 and below',
  map: 'map(text, { "a": 1, "b": 2 }, otherwise)',
  max: 'max(a, b, …)',
  min: 'min(a, b, …)',
  number: 'number(condition): 1 or 0',
  pow: 'pow(base, exponent)',
  sqrt: 'sqrt(number); missing below 0',
}

/** Where an expression is made into nodes. */
export interface Scope {
  add(node: Node): number
  readonly nodes: readonly Node[]
  column(name: string): { readonly node: number } | undefined
  /** For messages. */
  all(): readonly { readonly name: string }[]
}

/** An expression that was read. */
export interface Expression {
  readonly written: string
  /** The columns it looks at. */
  readonly columns: readonly string[]
  readonly ast: ASTNode
}

/**
 * Reads an expression over the columns of a row: CEL's syntax, with the functions above.
 *
 * @throws ExpressionInvalid
 */
export function readExpression(written: string): Expression {
  let ast: ASTNode
  try {
    ast = CEL.parse(written).ast
  } catch (error) {
    const why = error instanceof ParseError ? error.message.split('\n')[0]! : 'it cannot be read'
    throw new ExpressionInvalid(
      written,
      why.replace(/\.$/, ''),
      'Write arithmetic over columns, such as total / max(months, 1).',
    )
  }
  const columns = new Set<string>()
  collect(ast, written, columns)
  if (columns.size === 0)
    throw new ExpressionInvalid(
      written,
      'it looks at no column',
      'A value that is the same in every row tells a model nothing.',
    )
  return { written, columns: [...columns], ast }
}

function collect(node: ASTNode, written: string, columns: Set<string>): void {
  if (node.op === 'id') columns.add(node.args as string)
  else if (node.op === 'call') {
    const [called, args] = node.args as [string, ASTNode[]]
    if (!Object.hasOwn(FUNCTIONS, called)) throw unknownFunction(written, called)
    if (called === 'col') columns.add(nameIn(written, args))
    else for (const one of args) collect(one, written, columns)
  } else for (const below of childrenOf(node)) collect(below, written, columns)
}

function childrenOf(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = []
  const look = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) look(one)
    else if (typeof value === 'object' && value !== null && 'op' in value) found.push(value as ASTNode)
  }
  if (node.op !== 'value') look(node.args)
  return found
}

function unknownFunction(written: string, called: string): ExpressionInvalid {
  return new ExpressionInvalid(
    written,
    `there is no function ${called}`,
    `There are ${Object.keys(FUNCTIONS).join(', ')}.`,
  )
}

function nameIn(written: string, args: readonly ASTNode[]): string {
  const [only] = args
  if (args.length !== 1 || only?.op !== 'value' || typeof only.args !== 'string')
    throw new ExpressionInvalid(written, 'col() takes the name of a column in quotes', 'Write col("Total Charges").')
  return only.args
}

/**
 * The nodes that an expression stands for. A condition becomes 1 or 0.
 *
 * @throws ExpressionInvalid where a column is not there, or an operator gets what it does not take
 */
export function compileExpression(expression: Expression, scope: Scope): { node: number; kind: 'number' | 'text' } {
  const { node, kind } = compileAny(expression, scope)
  return kind === 'condition' ? { node: scope.add({ op: 'flag', of: [node] }), kind: 'number' } : { node, kind }
}

/** As `compileExpression`, of an expression that says yes or no. */
export function compileCondition(expression: Expression, scope: Scope): number {
  const { node, kind } = compileAny(expression, scope)
  if (kind === 'condition') return node
  throw new ExpressionInvalid(
    expression.written,
    `it is a ${kind} and no condition`,
    'Compare it with something, such as age >= 18.',
  )
}

function compileAny({ ast, written }: Expression, scope: Scope): { node: number; kind: Kind } {
  const node = new Compiler(written, scope).any(ast)
  return { node, kind: kindOf(scope.nodes, node) }
}

const INFIX: Record<string, Arithmetic> = { '+': '+', '-': '-', '*': '*', '/': '/', '%': '%' }
const ONE: Record<string, Function1> = { abs: 'abs', ceil: 'ceil', exp: 'exp', floor: 'floor', ln: 'ln', sqrt: 'sqrt' }
const COMPARE = new Set<string>(['==', '!=', '<', '<=', '>', '>='])

class Compiler {
  private readonly written: string
  private readonly scope: Scope

  constructor(written: string, scope: Scope) {
    this.written = written
    this.scope = scope
  }

  any(node: ASTNode): number {
    const { scope } = this
    const args = node.args as ASTNode[]
    if (node.op === 'value') return this.literal(node.args)
    if (node.op === 'id') return this.column(node.args as string)
    if (node.op === '-_') return this.negative(node.args as unknown as ASTNode)
    if (node.op === '!_') return scope.add({ op: 'not', of: [this.condition(node.args as unknown as ASTNode)] })
    if (node.op === '&&' || node.op === '||')
      return scope.add({
        op: node.op === '&&' ? 'and' : 'or',
        of: [this.condition(args[0]!), this.condition(args[1]!)],
      })
    if (node.op === '?:') return this.choice(args)
    if (node.op === 'in') return this.among(args[0]!, args[1]!)
    if (COMPARE.has(node.op)) return this.comparison(node.op as Comparison, args[0]!, args[1]!)
    const infix = INFIX[node.op]
    if (infix) return scope.add({ op: infix, of: [this.number(args[0]!), this.number(args[1]!)] })
    if (node.op === 'call') {
      const [called, given] = node.args as unknown as [string, ASTNode[]]
      return this.call(called, given)
    }
    throw this.wrong(
      `${node.op} cannot be computed the same way in the package`,
      'Use + - * / %, comparisons, && || !, ? : and the functions.',
    )
  }

  private call(called: string, args: readonly ASTNode[]): number {
    const { scope } = this
    const takes = (least: number, most = least) => {
      if (args.length < least || args.length > most)
        throw this.wrong(`${called}() takes other arguments`, `Write ${FUNCTIONS[called]}.`)
    }
    const one = ONE[called]
    if (one) {
      takes(1)
      return scope.add({ op: one, of: [this.number(args[0]!)] })
    }
    switch (called) {
      case 'col':
        return this.column(nameIn(this.written, args))
      case 'min':
      case 'max': {
        takes(2, 16)
        return args.map((arg) => this.number(arg)).reduce((a, b) => scope.add({ op: called, of: [a, b] }))
      }
      case 'pow':
        takes(2)
        return scope.add({ op: 'pow', of: [this.number(args[0]!), this.number(args[1]!)] })
      case 'clip': {
        takes(3)
        const [low, high] = [this.constant(args[1]!), this.constant(args[2]!)]
        return scope.add({ op: 'clip', of: [this.number(args[0]!)], low, high })
      }
      case 'coalesce': {
        takes(2, 16)
        const values = args.map((arg) => this.any(arg))
        this.sameKind(values, called)
        return values.reduce((a, b) => scope.add({ op: 'coalesce', of: [a, b] }))
      }
      case 'if':
        takes(3)
        return this.choice(args)
      case 'number':
        takes(1)
        return scope.add({ op: 'flag', of: [this.condition(args[0]!)] })
      case 'is_missing':
        takes(1)
        return scope.add({ op: 'missing', of: [this.any(args[0]!)] })
      case 'map':
        takes(2, 3)
        return this.mapped(args)
      default:
        throw unknownFunction(this.written, called)
    }
  }

  private literal(value: unknown): number {
    if (typeof value === 'string') return this.scope.add({ op: 'word', value: value === '' ? null : value })
    const number = numberOf(value)
    if (number === undefined)
      throw this.wrong(`${String(value)} is no number and no text`, 'Write numbers, and texts in quotes.')
    return this.scope.add({ op: 'constant', value: number })
  }

  private column(name: string): number {
    const column = this.scope.column(name)
    if (column) return column.node
    const there = this.scope.all().map((one) => one.name)
    throw this.wrong(`there is no column "${name}"`, `There are ${there.slice(0, 20).join(', ')}.`)
  }

  private negative(node: ASTNode): number {
    const value = numberOf(node.op === 'value' ? node.args : undefined)
    if (value !== undefined) return this.scope.add({ op: 'constant', value: -value })
    return this.scope.add({ op: 'neg', of: [this.number(node)] })
  }

  private kind(at: number): Kind {
    return kindOf(this.scope.nodes, at)
  }

  private number(node: ASTNode): number {
    const at = this.any(node)
    const kind = this.kind(at)
    if (kind === 'number') return at
    if (kind === 'condition') return this.scope.add({ op: 'flag', of: [at] })
    throw this.wrong(
      'a text stands where a number is wanted',
      'Make it a number with map(text, { "a": 1 }, otherwise).',
    )
  }

  private condition(node: ASTNode): number {
    const at = this.any(node)
    if (this.kind(at) === 'condition') return at
    throw this.wrong(
      `a ${this.kind(at)} stands where a condition is wanted`,
      'Compare it with something, such as age >= 18.',
    )
  }

  private constant(node: ASTNode): number {
    const value = this.scope.nodes[this.any(node)]!
    if (value.op === 'constant' && value.value !== null) return value.value
    throw this.wrong('clip() has numbers for its ends', 'Write clip(age, 0, 120); min and max take what is computed.')
  }

  private sameKind(values: readonly number[], where: string): void {
    const kinds = new Set(values.map((at) => this.kind(at)))
    if (kinds.size > 1)
      throw this.wrong(`${where} has a ${[...kinds].join(' and a ')}`, 'Make all of them numbers, or all texts.')
  }

  private choice([test, yes, no]: readonly ASTNode[]): number {
    const condition = this.condition(test!)
    const values = [this.any(yes!), this.any(no!)]
    this.sameKind(values, 'a choice')
    return this.scope.add({ op: 'if', of: [condition, values[0]!, values[1]!] })
  }

  private comparison(op: Comparison, left: ASTNode, right: ASTNode): number {
    const [a, b] = [this.any(left), this.any(right)]
    const kinds = [this.kind(a), this.kind(b)]
    if (kinds.includes('text')) {
      if (kinds[0] !== kinds[1])
        throw this.wrong(`a ${kinds[0]} is compared with a ${kinds[1]}`, 'Texts stand in quotes, numbers without.')
      return this.textComparison(op, a, b)
    }
    const [x, y] = [this.number(left), this.number(right)]
    return this.scope.add({ op, of: [this.asInRequest(x, y), this.asInRequest(y, x)] })
  }

  /**
   * A constant beside a raw number is rounded as that is: `price == 0.7` holds for a price of 0.7, which is 0.699999988 as
   * float32.
   */
  private asInRequest(at: number, beside: number): number {
    const node = this.scope.nodes[at]!
    const raw = this.scope.nodes[beside]!
    if (node.op !== 'constant' || node.value === null || raw.op !== 'number' || raw.exact) return at
    const rounded = Math.fround(node.value)
    return Number.isFinite(rounded) ? this.scope.add({ op: 'constant', value: rounded }) : at
  }

  private textComparison(op: Comparison, a: number, b: number): number {
    const { nodes } = this.scope
    const [text, other] = nodes[a]!.op === 'word' ? [b, a] : [a, b]
    const literal = nodes[other]!
    if ((op !== '==' && op !== '!=') || literal.op !== 'word' || nodes[text]!.op === 'word')
      throw this.wrong(
        'texts of two columns cannot be compared in the package',
        'Compare a column with a text in quotes, by == or !=.',
      )
    const among = this.scope.add({ op: 'among', of: [text], keys: [literal.value] })
    return op === '==' ? among : this.scope.add({ op: 'not', of: [among] })
  }

  private among(value: ASTNode, list: ASTNode): number {
    if (list.op !== 'list') throw this.wrong('`in` has a list of values on its right', 'Write plan in ["a", "b"].')
    const at = this.any(value)
    const items = (list.args as ASTNode[]).map((item) => this.scope.nodes[this.any(item)]!)
    if (this.kind(at) === 'text') {
      const keys = items.map((item) => {
        if (item.op !== 'word') throw this.wrong('a text is looked for in a list of others', 'Write texts in quotes.')
        return item.value
      })
      return this.scope.add({ op: 'among', of: [at], keys: [...new Set(keys)] })
    }
    const tests = (list.args as ASTNode[]).map((item) => this.comparison('==', value, item))
    if (tests.length === 0) throw this.wrong('the list is empty', 'Write what it may be.')
    return tests.reduce((a, b) => this.scope.add({ op: 'or', of: [a, b] }))
  }

  private mapped([value, pairs, otherwise]: readonly ASTNode[]): number {
    const at = this.any(value!)
    if (this.kind(at) !== 'text' || pairs!.op !== 'map')
      throw this.wrong('map() takes a text and what stands for it', `Write ${FUNCTIONS.map}.`)
    const entries = (pairs!.args as unknown as [ASTNode, ASTNode][]).map(
      ([key, to]) => [this.scope.nodes[this.any(key)]!, this.scope.nodes[this.any(to)]!] as const,
    )
    const keys = entries.map(([key]) => {
      if (key.op !== 'word') throw this.wrong('what map() looks up is a text in quotes', `Write ${FUNCTIONS.map}.`)
      return key.value
    })
    if (new Set(keys).size < keys.length) throw this.wrong('map() has a key twice', 'Keep one of them.')
    const last = otherwise && this.scope.nodes[this.any(otherwise)]!
    const all = [...entries.map(([, to]) => to), ...(last ? [last] : [])]
    if (all.every((to) => to.op === 'constant'))
      return this.scope.add({
        op: 'lookup',
        of: [at],
        keys,
        values: all.slice(0, keys.length).map((to) => to.value),
        otherwise: last?.op === 'constant' ? last.value : null,
      })
    if (all.every((to) => to.op === 'word'))
      return this.scope.add({
        op: 'replace',
        of: [at],
        keys,
        values: all.slice(0, keys.length).map((to) => to.value),
        otherwise: { word: last?.op === 'word' ? last.value : null },
      })
    throw this.wrong('map() gives numbers, or texts in quotes', `Write ${FUNCTIONS.map}.`)
  }

  private wrong(why: string, todo: string): ExpressionInvalid {
    return new ExpressionInvalid(this.written, why, todo)
  }
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return typeof value === 'bigint' ? Number(value) : undefined
}
