import { type Field, fieldsOf, MessageBuilder, textOf } from './wire.ts'

/** Numbers of fields as in `onnx.proto`, of the messages through which the names of values are reached. */
export const GRAPH = {
  node: 1,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  quantization: 14,
  sparse: 15,
} as const
const NODE = { input: 1, output: 2, name: 3, attribute: 5 } as const
const ATTRIBUTE = { graph: 6, graphs: 11 } as const
const TENSOR = { name: 8 } as const
const SPARSE = { values: 1 } as const
const VALUE = { name: 1 } as const
const QUANTIZATION = { tensor: 1, parameters: 2 } as const
const ENTRY = { value: 2 } as const

/** Graphs within graphs; real ones have two or three. */
const DEEPEST = 50

type Rename = (name: string) => string

/** A graph whose values are called otherwise; the graphs within it, which see its values, included. */
export function renameGraph(content: Uint8Array, rename: Rename, depth = 0): MessageBuilder {
  if (depth > DEEPEST) throw new RangeError('graphs stand too deep in each other')
  return rewritten(content, {
    [GRAPH.node]: (node) => renameNode(node, rename, depth),
    [GRAPH.initializer]: (tensor) => withName(tensor, TENSOR.name, rename),
    [GRAPH.sparse]: (sparse) =>
      rewritten(sparse, { [SPARSE.values]: (tensor) => withName(tensor, TENSOR.name, rename) }),
    [GRAPH.input]: (value) => withName(value, VALUE.name, rename),
    [GRAPH.output]: (value) => withName(value, VALUE.name, rename),
    [GRAPH.valueInfo]: (value) => withName(value, VALUE.name, rename),
    [GRAPH.quantization]: (annotation) =>
      rewritten(annotation, {
        [QUANTIZATION.tensor]: (name) => rename(textOf(name)),
        [QUANTIZATION.parameters]: (entry) => withName(entry, ENTRY.value, rename),
      }),
  })
}

function renameNode(content: Uint8Array, rename: Rename, depth: number): MessageBuilder {
  const graph = (inner: Uint8Array) => renameGraph(inner, rename, depth + 1)
  return rewritten(content, {
    [NODE.input]: (name) => rename(textOf(name)),
    [NODE.output]: (name) => rename(textOf(name)),
    // No two operators may be called alike, either.
    [NODE.name]: (name) => rename(textOf(name)),
    [NODE.attribute]: (attribute) => rewritten(attribute, { [ATTRIBUTE.graph]: graph, [ATTRIBUTE.graphs]: graph }),
  })
}

const withName = (content: Uint8Array, id: number, rename: Rename) =>
  rewritten(content, { [id]: (name) => rename(textOf(name)) })

/** A message with some of its fields made anew; what there is no rule for stays byte for byte. */
export function rewritten(
  content: Uint8Array,
  rules: Readonly<Record<number, (content: Uint8Array) => MessageBuilder | string>>,
): MessageBuilder {
  const message = new MessageBuilder()
  for (const field of fieldsOf(content)) {
    const made = field.content && rules[field.id]?.(field.content)
    if (made === undefined) message.keep(field)
    else if (typeof made === 'string') message.text(field.id, made)
    else message.message(field.id, made)
  }
  return message
}

/** Names of the values that stand in a field of a graph, in their order. */
export function namesIn(
  graph: Uint8Array,
  field: typeof GRAPH.input | typeof GRAPH.output | typeof GRAPH.initializer,
): string[] {
  const at = field === GRAPH.initializer ? TENSOR.name : VALUE.name
  return [...fieldsOf(graph)].filter((one) => one.id === field).map((one) => nameIn(one.content!, at))
}

function nameIn(content: Uint8Array, id: number): string {
  let name = ''
  for (const field of fieldsOf(content)) if (field.id === id) name = textOf(field.content!)
  return name
}

/** The name of the value that an entry of a graph's inputs or outputs tells of. */
export const valueName = ({ content }: Field): string => nameIn(content!, VALUE.name)
