import { type Cell, type Matrix, together } from './columns.ts'
import type { GraphBuilder } from './graph.ts'

/** `to` of a Cast. */
const BOOL = 9
const DOUBLE = 11

/** A number for a text; `null` among the keys stands for a missing one. */
export interface Lookup {
  readonly text: Cell
  readonly keys: readonly (string | null)[]
  readonly values: readonly (number | null)[]
  readonly otherwise: number | null
  /** What is found is 1 or 0, and holds or does not. */
  readonly condition: boolean
}

/** A text that lookups ask about: texts of which all say the same share a number. */
interface Asked {
  readonly text: Cell
  readonly lookups: number[]
  /** What each lookup says of each number; 0 is what is in no table. */
  readonly said: (number | null)[][]
  readonly numbers: ReadonlyMap<string, number>
}

/**
 * All lookups at once: each text becomes a number once, whatever is asked about it; what is 1 for one number alone (a column of a
 * category) is compared with it, all else is read from one table.
 *
 * @param lookups of texts that are all constant, or all not
 * @returns a cell for each, double or bool
 */
export function lookUp(graph: GraphBuilder, lookups: readonly Lookup[]): Cell[] {
  const asked = askedTexts(lookups)
  const isConstant = lookups[0]!.text.matrix.constant
  const numbers: Matrix = {
    name: together(
      graph,
      asked.map(({ text, numbers: of }) => ({
        matrix: { name: numbered(graph, text, of), columns: 1, type: 'integer', constant: false },
        at: 0,
      })),
    ),
    columns: asked.length,
    type: 'integer',
    constant: isConstant,
  }
  const cells = new Array<Cell>(lookups.length)
  const one: Placed[] = []
  const other: Placed[] = []
  asked.forEach(({ lookups: of, said }, at) => {
    of.forEach((lookup, i) => {
      const values = said.map((row) => row[i]!)
      const only = values.indexOf(1)
      const isOne = only >= 0 && values.every((value, number) => value === (number === only ? 1 : 0))
      ;(isOne ? one : other).push({ lookup, values, only, cell: { matrix: numbers, at } })
    })
  })
  place(compared(graph, one), 'bool', one)
  place(read(graph, other), 'double', other)
  return cells

  /** Conditions as bools and all else as doubles, whichever of both is there. */
  function place(value: string | undefined, type: 'bool' | 'double', of: readonly Placed[]): void {
    if (value === undefined) return
    const some = (condition: boolean) => of.some(({ lookup }) => lookups[lookup]!.condition === condition)
    const named = (wanted: 'bool' | 'double') =>
      wanted === type ? value : graph.node('Cast', [value], { to: wanted === 'bool' ? BOOL : DOUBLE })
    const matrix = (wanted: 'bool' | 'double'): Matrix => ({
      ...{ name: named(wanted), columns: of.length, type: wanted, constant: isConstant },
    })
    const [bools, doubles] = [some(true) ? matrix('bool') : undefined, some(false) ? matrix('double') : undefined]
    of.forEach(({ lookup }, at) => {
      cells[lookup] = { matrix: (lookups[lookup]!.condition ? bools : doubles)!, at }
    })
  }
}

interface Placed {
  readonly lookup: number
  /** By number. */
  readonly values: readonly (number | null)[]
  /** The number of which it says 1. */
  readonly only: number
  readonly cell: Cell
}

function compared(graph: GraphBuilder, lookups: readonly Placed[]): string | undefined {
  if (lookups.length === 0) return undefined
  const numbers = together(
    graph,
    lookups.map(({ cell }) => cell),
  )
  return graph.node('Equal', [
    numbers,
    graph.integers(
      lookups.map(({ only }) => only),
      [1, lookups.length],
    ),
  ])
}

/** From one table in which those of all lookups stand behind each other. */
function read(graph: GraphBuilder, lookups: readonly Placed[]): string | undefined {
  if (lookups.length === 0) return undefined
  const numbers = together(
    graph,
    lookups.map(({ cell }) => cell),
  )
  const starts: number[] = []
  const table: number[] = []
  for (const { values } of lookups) {
    starts.push(table.length)
    for (const value of values) table.push(value ?? Number.NaN)
  }
  const place = graph.node('Add', [numbers, graph.integers(starts, [1, starts.length])])
  return graph.node('Gather', [graph.doubles(table, [table.length]), place])
}

function askedTexts(lookups: readonly Lookup[]): Asked[] {
  const byText = new Map<string, number[]>()
  lookups.forEach(({ text }, i) => {
    const key = `${text.matrix.name} ${text.at}`
    const of = byText.get(key)
    if (of) of.push(i)
    else byText.set(key, [i])
  })
  return [...byText.values()].map((of) => {
    const tables = of.map((i) => {
      const { keys, values } = lookups[i]!
      return new Map(keys.map((key, k) => [key ?? '', values[k]!] as const).toReversed())
    })
    const otherwise = of.map((i) => lookups[i]!.otherwise)
    const said = [otherwise]
    const known = new Map([[JSON.stringify(otherwise), 0]])
    const numbers = new Map<string, number>()
    for (const key of new Set(tables.flatMap((table) => [...table.keys()]))) {
      const values = tables.map((table, t) => (table.has(key) ? table.get(key)! : otherwise[t]!))
      const same = JSON.stringify(values)
      if (!known.has(same)) known.set(same, said.push(values) - 1)
      numbers.set(key, known.get(same)!)
    }
    return { text: lookups[of[0]!]!.text, lookups: of, said, numbers }
  })
}

/** Which of the keys a text is, from 1; 0 for none. */
export function placeOfText(graph: GraphBuilder, text: string, keys: readonly (string | null)[]): string {
  const known = new Map<string, number>()
  keys.forEach((key, i) => {
    if (!known.has(key ?? '')) known.set(key ?? '', i + 1)
  })
  return encoded(graph, text, known)
}

const numbered = (graph: GraphBuilder, text: Cell, numbers: ReadonlyMap<string, number>) =>
  encoded(graph, together(graph, [text]), numbers)

function encoded(graph: GraphBuilder, text: string, numbers: ReadonlyMap<string, number>): string {
  // The operator wants a key; what is in no table is 0 anyway.
  const keys = numbers.size > 0 ? numbers : new Map([['', 0]])
  return graph.node('LabelEncoder', [text], {
    keys_strings: { strings: [...keys.keys()] },
    values_int64s: { ints: [...keys.values()] },
    default_int64: 0,
  })
}
