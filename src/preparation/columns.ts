import { compileExpression, readExpression, type Scope } from './expression.ts'
import { type Column, type Node, type Program, ProgramBuilder } from './program.ts'

/** A column that expressions may name, and where its values are. */
export interface GivenColumn {
  /** What expressions call it; several may be called the same only if none of them is meant. */
  readonly names: readonly string[]
  readonly kind: 'number' | 'text'
  /** Its place: a column of the relation, or a key of the record. */
  readonly from: string
}

/**
 * Columns computed from the columns of a row, nothing being learned: numbers are doubles as they are, for whoever does not
 * hand them to a package.
 *
 * @param at told of each expression before it is looked at, for messages
 * @throws ExpressionInvalid
 */
export function compileColumns(
  given: readonly GivenColumn[],
  expressions: Readonly<Record<string, string>>,
  at?: (name: string) => void,
): Program {
  const builder = new ProgramBuilder([])
  const named = new Map<string, GivenColumn>(given.flatMap((one) => one.names.map((name) => [name, one] as const)))
  const scope: Scope = {
    nodes: builder.nodes,
    add: (node) => builder.add(node),
    column: (name) => {
      const found = named.get(name)
      return found && { node: builder.add(rawNode(found)) }
    },
    all: () => [...named.keys()].map((name) => ({ name })),
  }
  for (const [name, written] of Object.entries(expressions)) {
    at?.(name)
    const { node, kind } = compileExpression(readExpression(written), scope)
    builder.set(name, kind satisfies Column['kind'], node)
  }
  return builder.program()
}

const rawNode = ({ kind, from }: GivenColumn): Node =>
  kind === 'number' ? { op: 'number', column: from, exact: true } : { op: 'text', column: from }
