import { type Node, type Program, ProgramBuilder } from './program.ts'

/**
 * The same program with less to do with texts: what is asked of a text that was replaced is asked of the text itself, and what
 * is 1 or 0 by a text is looked up. A column that was cleaned, whose rare categories were grouped, and that became a
 * column for each category then costs one look at the raw text.
 */
export function simplify({ nodes, columns }: Program): Program {
  const builder = new ProgramBuilder([])
  const placed: number[] = []
  for (const node of nodes) {
    const moved = 'of' in node ? ({ ...node, of: node.of.map((at) => placed[at]!) } as unknown as Node) : node
    placed.push(builder.add(simpler(moved, builder)))
  }
  for (const { name, kind, node } of columns) builder.set(name, kind, placed[node]!)
  return builder.program()
}

type Key = string | null

function simpler(node: Node, builder: ProgramBuilder): Node {
  const below = 'of' in node ? builder.nodes[node.of[0]!]! : undefined
  switch (node.op) {
    case 'flag': {
      const turned = below!.op === 'not'
      const test = turned ? builder.nodes[(below as Extract<Node, { op: 'not' }>).of[0]]! : below!
      if (test.op !== 'among') return node
      const [yes, no] = turned ? [0, 1] : [1, 0]
      return { op: 'lookup', of: test.of, keys: test.keys, values: test.keys.map(() => yes), otherwise: no }
    }
    case 'missing':
      return below!.op === 'replace' ? simpler({ op: 'among', of: node.of, keys: [null] }, builder) : node
    case 'among': {
      if (below!.op !== 'replace') return node
      const asked = { keys: node.keys, values: node.keys.map(() => true), otherwise: false }
      const { keys, values, otherwise } = through(below!, asked)
      const held = keys.filter((_, i) => values[i] !== otherwise)
      const among: Node = { op: 'among', of: below!.of, keys: held }
      return otherwise ? { op: 'not', of: [builder.add(among)] } : among
    }
    case 'lookup': {
      if (below!.op !== 'replace') return node
      return { ...node, of: below!.of, ...through(below!, node) }
    }
    case 'replace': {
      if (below!.op !== 'replace') return node
      const same = 'same' in node.otherwise
      // What neither names is as it was, only if both leave it so.
      const values = node.values
      const otherwise: Key = 'same' in node.otherwise ? null : node.otherwise.word
      const whole = through(below!, { keys: node.keys, values, otherwise }, same)
      const stays = same && 'same' in below!.otherwise
      return { ...node, of: below!.of, ...whole, otherwise: stays ? { same: true } : { word: whole.otherwise } }
    }
    default:
      return node
  }
}

interface Table<Value> {
  readonly keys: readonly Key[]
  readonly values: readonly Value[]
  readonly otherwise: Value
}

/**
 * What a table says of a text that was replaced, by the text before.
 *
 * @param same what the table does not name it leaves as it is; `Value` is a text then
 */
function through<Value>(replaced: Extract<Node, { op: 'replace' }>, table: Table<Value>, same = false): Table<Value> {
  const inner = new Map(replaced.keys.map((key, i) => [key, replaced.values[i]!] as const).toReversed())
  const outer = new Map(table.keys.map((key, i) => [key, table.values[i]!] as const).toReversed())
  const sayOf = (key: Key): Value => {
    if (outer.has(key)) return outer.get(key)!
    return same ? (key as Value) : table.otherwise
  }
  const stays = 'same' in replaced.otherwise
  const keys = [...new Set([...replaced.keys, ...(stays ? table.keys : [])])]
  return {
    keys,
    values: keys.map((key) => sayOf(inner.has(key) ? inner.get(key)! : stays ? key : wordOf(replaced))),
    otherwise: stays ? table.otherwise : sayOf(wordOf(replaced)),
  }
}

const wordOf = ({ otherwise }: Extract<Node, { op: 'replace' }>): Key => ('same' in otherwise ? null : otherwise.word)
