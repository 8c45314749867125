import type { Condition, Order } from '#tracking'
import { ParameterInvalid } from './dialect.ts'

/** One clause of a search as it was written, its entity under the singular name. */
export interface Clause<On extends string = Entity> {
  on: On
  key: string
  is: Condition['is']
  value: string | number | string[] | undefined
}

export interface Ordering<On extends string = Entity> {
  on: On
  key: string
  direction: Order['direction']
}

export type Entity = 'attribute' | 'metric' | 'metric_min' | 'metric_max' | 'param' | 'tag' | 'dataset'

/** What may stand before the dot, and what it stands for; `attribute` is what a name without a dot belongs to. */
export type Grammar<On extends string> = ReadonlyMap<string, On>

const RUNS: Grammar<Entity> = new Map<string, Entity>(
  Object.entries({
    ...{ attribute: 'attribute', attributes: 'attribute', attr: 'attribute', run: 'attribute' },
    ...{ metric: 'metric', metrics: 'metric' },
    // Ours: the original knows the last value only.
    ...{ metric_min: 'metric_min', metrics_min: 'metric_min', metric_max: 'metric_max', metrics_max: 'metric_max' },
    ...{ parameter: 'param', parameters: 'param', param: 'param', params: 'param' },
    ...{ tag: 'tag', tags: 'tag', dataset: 'dataset', datasets: 'dataset' },
  }),
)

const LONGEST = 100_000
const MOST_CLAUSES = 100

const TOKEN =
  /\s*(?:(?<operator><=|>=|!=|<>|<|>|=)|(?<punctuation>[(),])|(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(?<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?<name>(?:(?:[A-Za-z_]\w*|`[A-Za-z_]\w*`)\.)?(?:`[^`]+`|"[^"]+"|(?<=\.)'[^']+'|[^\s<>=!'"`(),]+)))\s*/y

interface Token {
  kind: 'operator' | 'punctuation' | 'number' | 'text' | 'name'
  text: string
}

/**
 * The filter of MLflow's searches: comparisons joined by AND.
 * `metrics.loss < 0.5 and params."my depth" = '6' and tags.team IS NULL and attributes.run_id IN ('a', 'b')`
 *
 * @throws ParameterInvalid
 */
export const parseFilter = (filter: string): Clause[] => parseFilterWith(RUNS, filter)

/** The same for other entities than those of runs. @throws ParameterInvalid */
export function parseFilterWith<On extends string>(grammar: Grammar<On>, filter: string): Clause<On>[] {
  if (filter.length > LONGEST) throw new ParameterInvalid(`The filter is longer than ${LONGEST} characters.`)
  const tokens = tokensOf(filter)
  const clauses: Clause<On>[] = []
  let at = 0
  const next = () => tokens[at++]
  while (at < tokens.length) {
    if (clauses.length > 0 && !isWord(next(), 'and')) throw invalidClause(filter)
    clauses.push(parseClause(filter, grammar, next))
    if (clauses.length > MOST_CLAUSES) throw new ParameterInvalid(`The filter has more than ${MOST_CLAUSES} clauses.`)
  }
  return clauses
}

/** `metrics.loss DESC`, `` `start time` ``; ascending where nothing is said. @throws ParameterInvalid */
export const parseOrder = (text: string): Ordering => parseOrderWith(RUNS, text)

/** @throws ParameterInvalid */
export function parseOrderWith<On extends string>(grammar: Grammar<On>, text: string): Ordering<On> {
  const [name, direction, ...rest] = tokensOf(text)
  const way = direction?.text.toLowerCase() ?? 'asc'
  if (!name || rest.length > 0 || (way !== 'asc' && way !== 'desc'))
    throw new ParameterInvalid(`Invalid order_by clause '${text.slice(0, 300)}'.`)
  return { ...subjectOf(name, grammar), direction: way }
}

function parseClause<On extends string>(
  filter: string,
  grammar: Grammar<On>,
  next: () => Token | undefined,
): Clause<On> {
  const name = next()
  if (name?.kind !== 'name' && name?.kind !== 'text') throw invalidClause(filter)
  const subject = subjectOf(name, grammar)
  const operator = next()
  if (operator?.kind === 'operator') {
    const is = operator.text === '<>' ? '!=' : (operator.text as Condition['is'])
    return { ...subject, is, value: literalFrom(filter, next()) }
  }
  if (isWord(operator, 'like') || isWord(operator, 'ilike')) {
    const value = literalFrom(filter, next())
    if (typeof value !== 'string') throw invalidClause(filter)
    return { ...subject, is: operator!.text.toLowerCase() as 'like' | 'ilike', value }
  }
  if (isWord(operator, 'in')) return { ...subject, is: 'in', value: listOf(filter, next) }
  if (isWord(operator, 'not') && isWord(next(), 'in')) return { ...subject, is: 'not in', value: listOf(filter, next) }
  if (isWord(operator, 'is')) {
    const word = next()
    if (isWord(word, 'null')) return { ...subject, is: 'absent', value: undefined }
    if (isWord(word, 'not') && isWord(next(), 'null')) return { ...subject, is: 'present', value: undefined }
  }
  throw invalidClause(filter)
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text)
    const [kind, found] = Object.entries(match?.groups ?? {}).find(([, part]) => part !== undefined) ?? []
    if (kind === undefined || found === undefined) throw invalidClause(text)
    tokens.push({ kind: kind as Token['kind'], text: found })
  }
  return tokens
}

function subjectOf<On extends string>({ text }: Token, grammar: Grammar<On>): { on: On; key: string } {
  const [, entity, key] = /^`?([A-Za-z_]\w*)`?\.(.+)$/s.exec(text) ?? []
  if (entity === undefined || key === undefined) return { on: grammar.get('attribute')!, key: unquoted(text) }
  const on = grammar.get(entity)
  if (!on)
    throw new ParameterInvalid(`Invalid entity type '${entity}'. Valid values are ${[...grammar.keys()].join(', ')}.`)
  return { on, key: unquoted(key) }
}

function literalFrom(filter: string, token: Token | undefined): string | number {
  if (token?.kind === 'number') return Number(token.text)
  if (token?.kind === 'text') return unquoted(token.text)
  throw invalidClause(filter)
}

function listOf(filter: string, next: () => Token | undefined): string[] {
  if (next()?.text !== '(') throw invalidClause(filter)
  const values: string[] = []
  for (;;) {
    const value = literalFrom(filter, next())
    if (typeof value !== 'string') throw new ParameterInvalid('A list holds quoted values only.')
    values.push(value)
    const end = next()?.text
    if (end === ')') return values
    if (end !== ',') throw invalidClause(filter)
  }
}

const isWord = (token: Token | undefined, word: string) => token?.kind === 'name' && token.text.toLowerCase() === word

function unquoted(text: string): string {
  const [quote] = text
  if (quote !== "'" && quote !== '"' && quote !== '`') return text
  return text.slice(1, -1).replaceAll(quote + quote, quote)
}

function invalidClause(filter: string): ParameterInvalid {
  return new ParameterInvalid(
    `Invalid clause(s) in filter string: '${filter.slice(0, 300)}'.`,
    "Write comparisons joined by AND: metrics.loss < 0.5 and params.depth = '6'.",
  )
}
