import type { Preparation } from '#preparation'
import { CannotExport } from '../errors.ts'
import { GraphBuilder } from './graph.ts'
import { GRAPH, namesIn, renameGraph, rewritten, valueName } from './names.ts'
import { preparationGraph } from './preparation.ts'
import { fieldsOf, MessageBuilder, textOf } from './wire.ts'

/** Numbers of fields as in `onnx.proto`. */
const MODEL = { irVersion: 1, graph: 7, opset: 8, metadata: 14 } as const
const OPSET = { domain: 1, version: 2 } as const
const NODE = { operator: 4 } as const
const ML = 'ai.onnx.ml'

/** What the operators of a preparation need; above, they mean the same. */
const LEAST = { default: 12, ml: 2, ir: 8 } as const

/** What an input of the model takes: the prepared columns side by side. */
export interface BoundInput {
  readonly name: string
  /** `to` of a Cast; what is prepared is float32 (1) or string (8). */
  readonly elementType: number
  readonly columns: readonly string[]
}

/**
 * Anybody's ONNX model with a preparation in front: raw columns in, and what the model gives out. The operators of both become
 * one graph; the model's own values get names that no raw column has, the graphs within it included. All else in the
 * file stays byte for byte.
 *
 * @param inputs what each of the model's inputs takes of the prepared columns
 * @param answer the output that is wanted; others are kept unless a raw column is called like them
 * @throws CannotExport when both cannot be one graph, with what to change
 */
export function exportInFront(
  preparation: Preparation,
  model: Uint8Array,
  { inputs, answer }: { inputs: readonly BoundInput[]; answer: string },
): Uint8Array {
  const fields = [...fieldsOf(model)]
  const graph = fields.findLast((field) => field.id === MODEL.graph)?.content
  if (!graph) throw new CannotExport('the model has no graph', 'Leave a whole ONNX file.')
  const raw = new Set(preparation.inputs.map((input) => input.name))
  if (raw.has(answer)) throw new CannotExport(`a column is called "${answer}", as the output of the model is`)
  const kept = new Set(namesIn(graph, GRAPH.output).filter((name) => !raw.has(name)))
  let prefix = 'model/'
  while ([...raw, ...kept].some((name) => name.startsWith(prefix))) prefix = `model/${prefix}`
  const rename = (name: string) => (name === '' || kept.has(name) ? name : `${prefix}${name}`)

  const front = frontOf(preparation, inputs, rename, kept)
  const whole = new MessageBuilder()
  const constants = new Set(namesIn(graph, GRAPH.initializer))
  // Operators stand in the order of their needs: those that prepare come first.
  for (const field of fieldsOf(front)) if (field.id === GRAPH.node) whole.keep(field)
  for (const field of fieldsOf(front)) if (field.id === GRAPH.initializer || field.id === GRAPH.input) whole.keep(field)
  const own = renameGraph(withoutEntries(graph, constants, kept), rename)
  for (const piece of own.pieces) whole.keep({ raw: piece })

  const message = new MessageBuilder()
  for (const field of fields) {
    if (field.id === MODEL.graph) message.message(MODEL.graph, whole)
    else if (field.id === MODEL.irVersion) message.number(MODEL.irVersion, Math.max(LEAST.ir, field.value ?? 0))
    else if (field.id !== MODEL.opset) message.keep(field)
  }
  for (const [domain, version] of opsetsOf(fields, graph)) {
    const opset = new MessageBuilder()
    opset.text(OPSET.domain, domain)
    opset.number(OPSET.version, version)
    message.message(MODEL.opset, opset)
  }
  const entry = new MessageBuilder()
  entry.text(1, 'preparation')
  entry.text(2, JSON.stringify(preparation))
  message.message(MODEL.metadata, entry)
  return message.finish()
}

/** The bytes of a graph that computes what the model's inputs take, under the names they have in the whole. */
function frontOf(
  preparation: Preparation,
  inputs: readonly BoundInput[],
  rename: (name: string) => string,
  taken: Iterable<string>,
): Uint8Array {
  const builder = new GraphBuilder([...preparation.inputs.map((input) => input.name), ...taken])
  const prepared = preparationGraph(builder, preparation)
  for (const { name, elementType, columns } of inputs) {
    const together = prepared.sideBySide(columns)
    const isText = preparation.program.columns.find((column) => column.name === columns[0])!.kind === 'text'
    if (isText) builder.node('Identity', [together], {}, rename(name))
    else builder.node('Cast', [together], { to: elementType }, rename(name))
  }
  const file = builder.finish('orrery-preparation', {})
  return [...fieldsOf(file)].find((field) => field.id === MODEL.graph)!.content!
}

/** Without the inputs, which are values of the whole now, and the outputs that are not kept. */
function withoutEntries(graph: Uint8Array, constants: ReadonlySet<string>, kept: ReadonlySet<string>): Uint8Array {
  const rest = new MessageBuilder()
  for (const field of fieldsOf(graph)) {
    // Files from before IR 4 list what is constant among the inputs.
    if (field.id === GRAPH.input && !constants.has(valueName(field))) continue
    if (field.id === GRAPH.output && !kept.has(valueName(field))) continue
    rest.keep(field)
  }
  return rest.finish()
}

/** The operator sets of the whole: the model's, raised where that changes nothing for it. */
function opsetsOf(
  fields: Iterable<{ id: number; content: Uint8Array | undefined }>,
  graph: Uint8Array,
): Map<string, number> {
  const opsets = new Map<string, number>()
  for (const { id, content } of fields) {
    if (id !== MODEL.opset) continue
    let [domain, version] = ['', 0]
    for (const field of fieldsOf(content!)) {
      if (field.id === OPSET.domain) domain = textOf(field.content!)
      if (field.id === OPSET.version) version = field.value!
    }
    opsets.set(domain === 'ai.onnx' ? '' : domain, version)
  }
  const own = opsets.get('') ?? LEAST.default
  if (own < LEAST.default)
    throw new CannotExport(
      `the model is of opset ${own}, and a preparation in front of it needs ${LEAST.default}`,
      'Export it with a newer one, such as target_opset=17.',
    )
  opsets.set('', own)
  const ml = opsets.get(ML) ?? LEAST.ml
  // Of the operators of that domain, only LabelEncoder came to mean something else.
  if (ml < LEAST.ml && usesLabelEncoder(graph))
    throw new CannotExport(
      `the model uses LabelEncoder of ${ML} ${ml}, and a preparation in front of it needs ${LEAST.ml}`,
      `Export it with a newer one, such as target_opset={"": 17, "${ML}": 3}.`,
    )
  opsets.set(ML, Math.max(LEAST.ml, ml))
  return opsets
}

function usesLabelEncoder(graph: Uint8Array): boolean {
  let found = false
  rewritten(graph, {
    [GRAPH.node]: (node) =>
      rewritten(node, {
        [NODE.operator]: (content) => {
          const operator = textOf(content)
          found ||= operator === 'LabelEncoder'
          return operator
        },
      }),
  })
  return found
}
