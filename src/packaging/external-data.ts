import protobuf, { type INamespace } from 'protobufjs/light.js'

/** The path to where tensors of an ONNX file say that their values lie; every other field is skipped. Numbers as in `onnx.proto`. */
const DESCRIPTOR: INamespace = {
  nested: {
    Model: { fields: { graph: { type: 'Graph', id: 7 } } },
    Graph: {
      fields: {
        node: { rule: 'repeated', type: 'Node', id: 1 },
        initializer: { rule: 'repeated', type: 'Tensor', id: 5 },
      },
    },
    Node: { fields: { attribute: { rule: 'repeated', type: 'Attribute', id: 5 } } },
    Attribute: { fields: { t: { type: 'Tensor', id: 5 }, g: { type: 'Graph', id: 6 } } },
    Tensor: { fields: { externalData: { rule: 'repeated', type: 'Entry', id: 13 } } },
    Entry: { fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } } },
  },
}
const Model = protobuf.Root.fromJSON(DESCRIPTOR).lookupType('Model')

interface Tensor {
  readonly externalData?: readonly { readonly key: string; readonly value: string }[]
}
interface Graph {
  readonly node?: readonly { readonly attribute?: readonly { readonly t?: Tensor; readonly g?: Graph }[] }[]
  readonly initializer?: readonly Tensor[]
}

/** Nothing of what is no ONNX file: the runtime says what is wrong with it. */
function graphIn(onnx: Uint8Array): Graph | undefined {
  try {
    return (Model.decode(onnx) as unknown as { graph?: Graph }).graph
  } catch {
    return undefined
  }
}

/** The files in which an ONNX file's weights lie, as it names them: beside itself. None for one that has them all. */
export function externalFiles(onnx: Uint8Array): string[] {
  const graph = graphIn(onnx)
  const found = new Set<string>()
  const tensor = ({ externalData = [] }: Tensor) => {
    for (const { key, value } of externalData) if (key === 'location') found.add(value)
  }
  const walk = ({ node = [], initializer = [] }: Graph): void => {
    initializer.forEach(tensor)
    for (const { attribute = [] } of node)
      for (const { t, g } of attribute) {
        if (t) tensor(t)
        if (g) walk(g)
      }
  }
  if (graph) walk(graph)
  return [...found]
}
