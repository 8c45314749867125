import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Duck, prepareTable, withDuck } from '#data'
import { exportPreparation, preparedOutput } from '#trainer'
import { ExpressionInvalid, StepInvalid } from './errors.ts'
import { type Answer, type Ask, fitRecipe, type Question } from './fit.ts'
import { type Cell, evaluatePlainly } from './plain.fixture.ts'
import type { PackageStep, Preparation } from './recipe.ts'
import { simplify } from './simplify.ts'

/** What a recipe computes, three ways: DuckDB over a table, ONNX over records, and plain JavaScript. */

type Row = { x: number | null; y: number | null; t: string | null; u: string | null }
const FEATURES = [
  { name: 'x', kind: 'number' },
  { name: 'y', kind: 'number' },
  { name: 't', kind: 'text' },
  { name: 'u', kind: 'text' },
] as const

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-prepare-'))
})
afterAll(() => rm(folder, { recursive: true }))

const special = [0, -0, 1, -1, 0.1, 0.7, 1e-300, 3.4e38, -3.4e38, 1e39, 1e308, 2 ** 24 + 1, 5e-46]
const numbers = fc.option(
  fc.oneof(
    fc.constantFrom(...special),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -20, max: 20 }),
  ),
  { freq: 6, nil: null },
)
const words = ['a', 'b', "o'clock", 'ä', '😀', ' ', 'A', '', '2024-02-29', 'NaN', 'null']
const texts = fc.option(
  fc.oneof(
    fc.constantFrom(...words),
    fc.string({ maxLength: 4 }).filter((one) => !one.includes('\0')),
  ),
  { freq: 6, nil: null },
)
const rows = fc.array(fc.record({ x: numbers, y: numbers, t: texts, u: texts }), { minLength: 1, maxLength: 30 })

const literal = fc.oneof(
  fc.constantFrom('0', '1', '2.5', '0.7', '-3', '1e300', '1000'),
  fc.integer({ min: -9, max: 9 }).map(String),
)
const quoted = fc.constantFrom(...words).map((one) => JSON.stringify(one))

/** Expressions of the language, as a person would write them. */
const { number } = fc.letrec<{ number: string; condition: string; text: string }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('x', 'y'),
    literal,
    fc
      .tuple(tie('number'), fc.constantFrom('+', '-', '*', '/', '%'), tie('number'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(fc.constantFrom('abs', 'floor', 'ceil', 'sqrt'), tie('number')).map(([f, a]) => `${f}(${a})`),
    fc
      .tuple(fc.constantFrom('min', 'max', 'coalesce'), tie('number'), tie('number'))
      .map(([f, a, b]) => `${f}(${a}, ${b})`),
    fc.tuple(tie('condition'), tie('number'), tie('number')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    tie('number').map((a) => `clip(${a}, -2, 5.5)`),
    tie('number').map((a) => `-(${a})`),
    tie('text').map((a) => `map(${a}, {"a": 1, "b": -2.5, "": 7}, 0.5)`),
    tie('text').map((a) => `map(${a}, {"a": 1, "ä": 2})`),
    tie('condition').map((a) => `number(${a})`),
  ),
  condition: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(tie('number'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('number'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(fc.constantFrom('t', 'u'), fc.constantFrom('==', '!='), quoted).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('text'), quoted, quoted).map(([a, b, c]) => `(${a} in [${b}, ${c}])`),
    fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('condition').map((a) => `!(${a})`),
    fc.constantFrom('is_missing(x)', 'is_missing(t)', 'x in [1, 0.7, -3]'),
  ),
  text: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('t', 'u'),
    quoted,
    fc.tuple(tie('condition'), tie('text'), tie('text')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => `coalesce(${a}, ${b})`),
    fc.tuple(tie('text'), quoted).map(([a, b]) => `map(${a}, {"a": ${b}, "": "none"}, "rest")`),
  ),
}))
const usesColumn = (written: string) => /\b[xytu]\b/.test(written.replace(/"[^"]*"/g, ''))

async function tableOf(of: readonly Row[]): Promise<string> {
  const file = join(folder, 'rows.jsonl')
  await writeFile(file, of.map((row, i) => JSON.stringify({ ...row, i })).join('\n'))
  const path = join(folder, 'table.parquet')
  const store = (duck: Duck) =>
    duck.run(
      `COPY (SELECT x, y, t, u FROM read_json('${file}', format = 'newline_delimited', columns = {x: 'DOUBLE', y: 'DOUBLE', t: 'VARCHAR', u: 'VARCHAR', i: 'BIGINT'}) ORDER BY i) TO '${path}'`,
    )
  await withDuck({ folders: [folder], threads: 1 }, store)
  return path
}

async function byDuckDb(preparation: Preparation, of: readonly Row[]): Promise<Cell[][]> {
  const frame = await prepareTable(await tableOf(of), preparation, join(folder, 'prepared'))
  return of.map((_, row) =>
    frame.columns.map((column) => {
      if (column.kind === 'categorical') return column.categories[column.codes[row]!] ?? null
      const value = column.values[row]!
      return Number.isNaN(value) ? null : value
    }),
  )
}

async function byOnnx(preparation: Preparation, of: readonly Row[]): Promise<Cell[][]> {
  const session = await InferenceSession.create(exportPreparation(preparation), { intraOpNumThreads: 1 })
  const feeds = Object.fromEntries(
    preparation.inputs.map(({ name, kind }) => {
      const cells = of.map((row) => row[name as keyof Row])
      const shape = [of.length, 1]
      return kind === 'number'
        ? [
            name,
            new Tensor(
              'float32',
              Float32Array.from(cells, (cell) => (cell as number | null) ?? Number.NaN),
              shape,
            ),
          ]
        : [
            name,
            new Tensor(
              'string',
              cells.map((cell) => (cell as string | null) ?? ''),
              shape,
            ),
          ]
    }),
  )
  const outputs = await session.run(feeds)
  await session.release()
  return of.map((_, row) =>
    preparation.program.columns.map(({ name, kind }) => {
      const value = outputs[preparedOutput(name)]!.data[row] as number | string
      return kind === 'number' ? (Number.isNaN(value) ? null : value) : value || null
    }),
  )
}

/** As a model gets it: float32, and no difference between the two zeros. */
const asSeen = (cells: readonly Cell[]) =>
  cells.map((cell) => {
    if (typeof cell !== 'number') return cell
    const rounded = Math.fround(cell)
    return rounded === 0 ? 0 : rounded
  })

const noQuestions = async () => []
const make = (steps: readonly PackageStep[]) => fitRecipe(steps, FEATURES, noQuestions, { recipe: 'sha256:0' })

describe('an expression', () => {
  it('is the same from DuckDB, from ONNX and computed by hand', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(number.filter(usesColumn), { minLength: 1, maxLength: 4 }),
        rows,
        async (written, of) => {
          const preparation = await make([{ derive: Object.fromEntries(written.map((one, i) => [`d${i}`, one])) }])
          const plain = of.map((row) => asSeen(evaluatePlainly(preparation.program, row)))
          expect((await byDuckDb(preparation, of)).map(asSeen)).toEqual(plain)
          expect((await byOnnx(preparation, of)).map(asSeen)).toEqual(plain)
        },
      ),
      { numRuns: 80 },
    )
  })

  it('with ln, exp and pow, too, up to the last bit of a double', { timeout: 60_000 }, async () => {
    const preparation = await make([
      { derive: { l: 'ln(x)', e: 'exp(x)', p: 'pow(x, y)', q: 'pow(abs(x), 0.5) + exp(-abs(y))' } },
    ])
    await fc.assert(
      fc.asyncProperty(rows, async (of) => {
        const [duck, onnx] = [await byDuckDb(preparation, of), await byOnnx(preparation, of)]
        of.forEach((row, i) => {
          const plain = evaluatePlainly(preparation.program, row)
          for (const [j, expected] of plain.entries())
            for (const other of [duck[i]![j]!, onnx[i]![j]!]) {
              if (typeof expected !== 'number' || typeof other !== 'number') expect(other).toBe(expected)
              // float32 is what the package gives out: half a unit in its last place, and what is below its smallest number.
              else if (Math.abs(expected) < 3.3e38)
                expect(Math.abs(other - expected)).toBeLessThanOrEqual(6e-8 * Math.abs(expected) + 1e-44)
            }
        })
      }),
      { numRuns: 30 },
    )
  })
})

/** As if they were learned from rows. */
const learned: Record<Question['ask'], Answer> = {
  ...{ mean: 0.25, std: 1.5, min: -2, max: 7, mode: 'b', quantile: 0.7 },
  counts: [
    { value: 'a', count: 60 },
    { value: "o'clock", count: 30 },
    { value: 'ä', count: 9 },
    { value: 'b', count: 1 },
  ],
}
const textColumns = fc.constantFrom<readonly string[] | 'texts'>(['t'], ['u'], 'texts')
const numberColumns = fc.constantFrom<readonly string[] | 'numbers'>(['x'], ['y'], 'numbers')
const step: fc.Arbitrary<PackageStep> = fc.oneof(
  fc.record({
    clean: fc.record({
      columns: textColumns,
      missing: fc.subarray(['b', ' ', 'A', '']),
      replace: fc.dictionary(fc.constantFrom('a', 'ä', 'b', ''), fc.constantFrom('a', 'b', 'A', ''), { maxKeys: 3 }),
    }),
  }),
  fc.record({
    clean: fc.record({
      columns: numberColumns,
      missing: fc.constantFrom(['1'], ['0.7', '-1'], []),
      replace: fc.constant<Record<string, string>>({ '0': '5' }),
    }),
  }),
  fc.record({
    clip: fc.record({
      columns: numberColumns,
      from: fc.constantFrom(undefined, -3, { share: 0.1 }),
      to: fc.constantFrom(4, undefined),
    }),
  }),
  fc.record({
    impute: fc.record({ columns: numberColumns, with: fc.constantFrom('median', 'mean', -4), flag: fc.boolean() }),
  }),
  fc.record({
    impute: fc.record({ columns: textColumns, with: fc.constantFrom('most_frequent', 'none'), flag: fc.boolean() }),
  }),
  fc.record({
    group_rare: fc.record({ columns: textColumns, below: fc.constantFrom(0.05, 0.5), as: fc.constant('rest') }),
  }),
  fc.record({ scale: fc.record({ columns: numberColumns, to: fc.constantFrom('standard', 'range', 'robust') }) }),
  fc.record({ derive: fc.constant({ z: 'x + 2 * y', long: 't == "a" ? 1 : 0' } as Record<string, string>) }),
)
const encoding: fc.Arbitrary<PackageStep> = fc.record({
  encode: fc.record({
    columns: textColumns,
    as: fc.constantFrom('one_hot', 'frequency', 'ordinal'),
    order: fc.constant(['b', 'a', 'rest']),
    most: fc.constant(20),
  }),
})

describe('a recipe', () => {
  it('of any steps is the same from DuckDB, from ONNX, simplified, and computed by hand', {
    timeout: 120_000,
  }, async () => {
    const ask: Ask = async ({ columns }, questions) =>
      questions.map(({ ask, column }) => (ask === 'mode' && columns[column]!.kind === 'number' ? 1 : learned[ask]))
    const recipe = fc.tuple(
      fc.array(step, { maxLength: 5 }),
      fc.array(encoding, { maxLength: 1 }),
      fc.array(step, { maxLength: 2 }),
    )
    await fc.assert(
      fc.asyncProperty(recipe, rows, async ([before, encode, after], of) => {
        // A step may have nothing left to work on: that is another test's.
        const preparation = await fitRecipe([...before, ...encode, ...after], FEATURES, ask, { recipe: 'r' }).catch(
          (error) =>
            error instanceof StepInvalid || error instanceof ExpressionInvalid ? undefined : Promise.reject(error),
        )
        fc.pre(preparation !== undefined)
        const plain = of.map((row) => asSeen(evaluatePlainly(preparation!.program, row)))
        expect(of.map((row) => asSeen(evaluatePlainly(simplify(preparation!.program), row)))).toEqual(plain)
        expect((await byDuckDb(preparation!, of)).map(asSeen)).toEqual(plain)
        expect((await byOnnx(preparation!, of)).map(asSeen)).toEqual(plain)
      }),
      { numRuns: 80 },
    )
  })
})
