import protobuf, { type INamespace } from 'protobufjs/light.js'

/** The path to the attributes of an ONNX file's nodes; every other field is skipped. Numbers as in `onnx.proto`. */
const DESCRIPTOR: INamespace = {
  nested: {
    Model: { fields: { graph: { type: 'Graph', id: 7 } } },
    Graph: { fields: { node: { rule: 'repeated', type: 'Node', id: 1 } } },
    Node: { fields: { attribute: { rule: 'repeated', type: 'Attribute', id: 5 } } },
    Attribute: {
      fields: {
        name: { type: 'string', id: 1 },
        ints: { rule: 'repeated', type: 'int64', id: 8 },
        strings: { rule: 'repeated', type: 'bytes', id: 9 },
      },
    },
  },
}

const LABELS = /^class(es)?labels?_(strings|int64s|ints)$/

/** The labels that a classifier in the graph names, in the order of its probabilities; `undefined` where none does. */
export function classLabels(onnx: Uint8Array): string[] | undefined {
  const type = protobuf.Root.fromJSON(DESCRIPTOR).lookupType('Model')
  const { graph } = type.decode(onnx) as unknown as {
    graph?: { node?: { attribute?: { name: string; ints?: unknown[]; strings?: Uint8Array[] }[] }[] }
  }
  for (const { attribute = [] } of graph?.node ?? [])
    for (const { name, ints = [], strings = [] } of attribute) {
      if (!LABELS.test(name)) continue
      if (strings.length > 1) return strings.map((text) => Buffer.from(text).toString())
      if (ints.length > 1) return ints.map(String)
    }
  return undefined
}
