import { StepInvalid } from './errors.ts'
import { compileExpression, readExpression } from './expression.ts'
import { type Column, type Program, ProgramBuilder } from './program.ts'
import type {
  CleanStep,
  ClipStep,
  EncodeStep,
  Fitted,
  GroupRareStep,
  ImputeStep,
  PackageStep,
  PackageStepName,
  Preparation,
  ScaleStep,
  Selection,
} from './recipe.ts'

/** More categories than this are no categories, and would make the package as long as the table. */
const MOST_CATEGORIES = 1_000

/** What is asked of a column over the training rows; missing values are left out. */
export type Question =
  | { readonly ask: 'mean' | 'std' | 'min' | 'max' | 'mode'; readonly column: number }
  /** With linear interpolation between the two nearest values. */
  | { readonly ask: 'quantile'; readonly column: number; readonly share: number }
  /** Of texts, most frequent first, then in the order of their bytes; one more than `most` of them where there are more. */
  | { readonly ask: 'counts'; readonly column: number; readonly most: number }

export type Counts = readonly { readonly value: string; readonly count: number }[]
export type Answer = number | string | null | Counts

/**
 * Answers questions about the columns of a program over the training rows and no others. `column` is a position in its columns.
 */
export type Ask = (program: Program, questions: readonly Question[]) => Promise<readonly Answer[]>

/**
 * Makes a recipe's steps into a program, one after the other; a step that learns asks about the rows as the steps before it
 * leave them.
 *
 * @param features the raw columns that a model may learn from
 * @param first number of the first step in the recipe, for messages and for what was learned
 * @throws ExpressionInvalid, StepInvalid; `at` says in which step
 */
export async function fitRecipe(
  steps: readonly PackageStep[],
  features: readonly { name: string; kind: 'number' | 'text' }[],
  ask: Ask,
  options: { recipe: string; first?: number; at?: (step: number) => void },
): Promise<Preparation> {
  const builder = new ProgramBuilder(features)
  const fitted: Fitted[] = []
  const first = options.first ?? 0
  for (const [i, step] of steps.entries()) {
    options.at?.(first + i)
    const tell = (what: PackageStepName, column: string, learned: Fitted['learned']) =>
      void fitted.push({ step: first + i, what, column, learned })
    await apply(step, new Work(builder, ask, tell))
  }
  if (builder.all().length === 0) throw new StepInvalid('no column is left', 'Keep one for the model to learn from.')
  const program = builder.program()
  const read = new Set(
    program.nodes.flatMap((node) => (node.op === 'number' || node.op === 'text' ? [node.column] : [])),
  )
  return {
    format: 'orrery.preparation/1',
    recipe: options.recipe,
    inputs: features.filter(({ name }) => read.has(name)).map(({ name, kind }) => ({ name, kind })),
    program,
    fitted,
  }
}

class Work {
  readonly builder: ProgramBuilder
  readonly tell: (what: PackageStepName, column: string, learned: Fitted['learned']) => void
  private readonly ask: Ask

  constructor(builder: ProgramBuilder, ask: Ask, tell: Work['tell']) {
    this.builder = builder
    this.ask = ask
    this.tell = tell
  }

  /** The columns that a selection means. */
  chosen(selection: Selection, kind?: Column['kind']): Column[] {
    const { builder } = this
    if (typeof selection === 'string') {
      const wanted = selection === 'numbers' ? 'number' : selection === 'texts' ? 'text' : kind
      const found = builder.all().filter((one) => (!wanted || one.kind === wanted) && (!kind || one.kind === kind))
      if (found.length === 0)
        throw new StepInvalid(`there are no ${selection} left`, 'Remove the step, or name columns.')
      return found
    }
    return selection.map((name) => {
      const column = builder.column(name)
      if (!column) throw new StepInvalid(`there is no column "${name}"`, `There are ${namesOf(builder)}.`)
      if (kind && column.kind !== kind)
        throw new StepInvalid(`"${name}" holds ${column.kind}s, and the step is about ${kind}s`, 'Leave it out here.')
      return column
    })
  }

  /** Asks the same of each column. */
  async asked<T extends Answer>(columns: readonly Column[], questions: (at: number) => Question[]): Promise<T[][]> {
    const program = this.builder.program()
    const at = (column: Column) => program.columns.findIndex((one) => one.name === column.name)
    const perColumn = columns.map((column) => questions(at(column)))
    const answers = await this.ask(program, perColumn.flat())
    let next = 0
    return perColumn.map((some) => some.map(() => answers[next++] as T))
  }

  set(column: Column, node: number): void {
    this.builder.set(column.name, column.kind, node)
  }
}

const namesOf = (builder: ProgramBuilder) =>
  builder
    .all()
    .slice(0, 20)
    .map((one) => one.name)
    .join(', ')

async function apply(step: PackageStep, work: Work): Promise<void> {
  if (step.clean) clean(step.clean, work)
  if (step.derive) derive(step.derive, work)
  if (step.clip) await clip(step.clip, work)
  if (step.impute) await impute(step.impute, work)
  if (step.group_rare) await groupRare(step.group_rare, work)
  if (step.encode) await encode(step.encode, work)
  if (step.scale) await scale(step.scale, work)
  for (const name of step.drop ?? []) {
    work.chosen([name])
    work.builder.drop(name)
  }
}

function clean({ columns, missing, replace }: CleanStep, work: Work): void {
  const { builder } = work
  for (const column of work.chosen(columns)) {
    if (column.kind === 'text') {
      // The empty text is a missing one, whether it is replaced or takes the place of another.
      const textOf = (written: string) => (written === '' ? null : written)
      const keys = [...missing, ...Object.keys(replace)].map(textOf)
      const values = [...missing.map(() => null), ...Object.values(replace).map(textOf)]
      const same = { same: true } as const
      work.set(column, builder.add({ op: 'replace', of: [column.node], keys, values, otherwise: same }))
      continue
    }
    const pairs = [...missing.map((key) => [key, null] as const), ...Object.entries(replace)]
    for (const [key, value] of pairs.toReversed()) {
      const [from, to] = [numberIn(key), value === null || value === '' ? null : numberIn(value)]
      // Beside a raw number, as a request has it.
      const raw = builder.nodes[column.node]!.op === 'number'
      const test = builder.add({
        op: '==',
        of: [
          column.node,
          builder.add({ op: 'constant', value: raw && Number.isFinite(Math.fround(from)) ? Math.fround(from) : from }),
        ],
      })
      const before = builder.column(column.name)!.node
      work.set(column, builder.add({ op: 'if', of: [test, builder.add({ op: 'constant', value: to }), before] }))
    }
  }
}

function numberIn(written: string): number {
  const number = Number(written)
  if (written.trim() === '')
    throw new StepInvalid(
      '"" is no number, and the column holds numbers',
      'Give missing numbers a value with `impute`.',
    )
  if (!Number.isFinite(number))
    throw new StepInvalid(`"${written}" is no number, and the column holds numbers`, 'Name only columns that it fits.')
  return number
}

function derive(expressions: Readonly<Record<string, string>>, work: Work): void {
  const { builder } = work
  for (const [name, written] of Object.entries(expressions)) {
    const { node, kind } = compileExpression(readExpression(written), {
      add: (one) => builder.add(one),
      nodes: builder.nodes,
      column: (column) => builder.column(column),
      all: () => builder.all(),
    })
    builder.set(name, kind, node)
  }
}

async function clip({ columns, from, to }: ClipStep, work: Work): Promise<void> {
  const chosen = work.chosen(columns, 'number')
  const shares = [from, to].flatMap((end) => (typeof end === 'object' ? [end.share] : []))
  const asked =
    shares.length === 0
      ? []
      : await work.asked<number | null>(chosen, (column) => shares.map((share) => ({ ask: 'quantile', column, share })))
  for (const [i, column] of chosen.entries()) {
    const answers = [...(asked[i] ?? [])]
    const [low = null, high = null] = [from, to].map((end) =>
      typeof end === 'object' ? answers.shift()! : (end ?? null),
    )
    work.set(column, work.builder.add({ op: 'clip', of: [column.node], low, high }))
    if (shares.length > 0)
      work.tell('clip', column.name, {
        ...(from !== undefined && { from: low }),
        ...(to !== undefined && { to: high }),
      })
  }
}

async function impute({ columns, with: by, flag }: ImputeStep, work: Work): Promise<void> {
  const { builder } = work
  const statistic = by === 'median' || by === 'mean' || by === 'most_frequent'
  const kind = by === 'median' || by === 'mean' || typeof by === 'number' ? 'number' : statistic ? undefined : 'text'
  const chosen = work.chosen(columns, kind)
  const asked = statistic
    ? await work.asked<number | string | null>(chosen, (column) => [
        by === 'mean'
          ? { ask: 'mean', column }
          : by === 'median'
            ? { ask: 'quantile', column, share: 0.5 }
            : { ask: 'mode', column },
      ])
    : chosen.map(() => [by])
  for (const [i, column] of chosen.entries()) {
    const [value] = asked[i]!
    if (value === null || value === undefined)
      throw new StepInvalid(
        `"${column.name}" has no value in the training rows to learn from`,
        'Drop it, or write a value under `with`.',
      )
    if (statistic) work.tell('impute', column.name, { [by]: value })
    if (flag) {
      const missing = builder.add({ op: 'missing', of: [column.node] })
      builder.set(`${column.name}_missing`, 'number', builder.add({ op: 'flag', of: [missing] }))
    }
    const filled =
      column.kind === 'number'
        ? builder.add({ op: 'coalesce', of: [column.node, builder.add({ op: 'constant', value: value as number })] })
        : builder.add({
            op: 'replace',
            of: [column.node],
            keys: [null],
            values: [String(value)],
            otherwise: { same: true },
          })
    work.set(column, filled)
  }
}

async function countsOf(chosen: readonly Column[], work: Work): Promise<Counts[]> {
  const asked = await work.asked<Counts>(chosen, (column) => [{ ask: 'counts', column, most: MOST_CATEGORIES }])
  return asked.map(([counts], i) => {
    if (counts!.length > MOST_CATEGORIES)
      throw new StepInvalid(
        `"${chosen[i]!.name}" has more than ${MOST_CATEGORIES} categories in the training rows`,
        'Drop it, or keep the frequent ones by an expression with map().',
      )
    return counts!
  })
}

async function groupRare({ columns, below, as }: GroupRareStep, work: Work): Promise<void> {
  const chosen = work.chosen(columns, 'text')
  const all = await countsOf(chosen, work)
  for (const [i, column] of chosen.entries()) {
    const total = all[i]!.reduce((sum, one) => sum + one.count, 0)
    const kept = all[i]!.filter((one) => one.count >= below * total).map((one) => one.value)
    // What is missing stays so; what training never saw is rare by any measure.
    const keys = [null, ...kept]
    work.set(
      column,
      work.builder.add({ op: 'replace', of: [column.node], keys, values: keys, otherwise: { word: as } }),
    )
    work.tell('group_rare', column.name, { kept: kept.join(', '), grouped: all[i]!.length - kept.length })
  }
}

async function encode({ columns, as, order, most }: EncodeStep, work: Work): Promise<void> {
  const { builder } = work
  const chosen = work.chosen(columns, 'text')
  if (as === 'ordinal') {
    for (const column of chosen) {
      const values = order!.map((_, i) => i)
      builder.set(
        column.name,
        'number',
        builder.add({ op: 'lookup', of: [column.node], keys: order!, values, otherwise: null }),
      )
    }
    return
  }
  const all = await countsOf(chosen, work)
  for (const [i, column] of chosen.entries()) {
    const counts = all[i]!
    if (as === 'frequency') {
      const total = counts.reduce((sum, one) => sum + one.count, 0)
      const keys = [null, ...counts.map((one) => one.value)]
      const values = [null, ...counts.map((one) => one.count / total)]
      builder.set(column.name, 'number', builder.add({ op: 'lookup', of: [column.node], keys, values, otherwise: 0 }))
      work.tell('encode', column.name, { categories: counts.length })
      continue
    }
    if (counts.length > most)
      throw new StepInvalid(
        `"${column.name}" has ${counts.length} categories, and one_hot makes a column of each`,
        'Group the rare ones before with `group_rare`, take `as: frequency`, or raise `most`.',
      )
    const flags = counts.map(({ value }) => {
      const among = builder.add({ op: 'among', of: [column.node], keys: [value] })
      return {
        name: `${column.name}=${value}`,
        kind: 'number' as const,
        node: builder.add({ op: 'flag', of: [among] }),
      }
    })
    builder.replace(column.name, flags)
    work.tell('encode', column.name, { categories: counts.map((one) => one.value).join(', ') })
  }
}

async function scale({ columns, to }: ScaleStep, work: Work): Promise<void> {
  const chosen = work.chosen(columns, 'number')
  const asked = await work.asked<number | null>(chosen, (column): Question[] =>
    to === 'standard'
      ? [
          { ask: 'mean', column },
          { ask: 'std', column },
        ]
      : to === 'range'
        ? [
            { ask: 'min', column },
            { ask: 'max', column },
          ]
        : [0.25, 0.5, 0.75].map((share) => ({ ask: 'quantile', column, share })),
  )
  for (const [i, column] of chosen.entries()) {
    const [a = null, b = null, c = null] = asked[i]!
    const [centre, spread] =
      a === null ? [0, 1] : to === 'standard' ? [a, b!] : to === 'range' ? [a, b! - a] : [b!, c! - a]
    const { builder } = work
    const constant = (value: number) => builder.add({ op: 'constant', value })
    const centred = builder.add({ op: '-', of: [column.node, constant(centre)] })
    // What is constant in the training rows has no spread to measure by.
    work.set(column, builder.add({ op: '/', of: [centred, constant(spread > 0 ? spread : 1)] }))
    work.tell('scale', column.name, { centre, spread })
  }
}
