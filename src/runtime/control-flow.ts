import { readFileSync } from 'node:fs'
import protobuf, { type INamespace } from 'protobufjs/light.js'
import { readBundle } from './bundle.ts'
import type { ModelFile } from './tensor-model.ts'

/** The path to the operators of an ONNX file; every other field is skipped. Numbers as in `onnx.proto`. */
const DESCRIPTOR: INamespace = {
  nested: {
    Model: {
      fields: { graph: { type: 'Graph', id: 7 }, functions: { rule: 'repeated', type: 'Function', id: 25 } },
    },
    Graph: { fields: { node: { rule: 'repeated', type: 'Node', id: 1 } } },
    Function: { fields: { node: { rule: 'repeated', type: 'Node', id: 7 } } },
    Node: {
      fields: { opType: { type: 'string', id: 4 }, attribute: { rule: 'repeated', type: 'Attribute', id: 5 } },
    },
    Attribute: { fields: { g: { type: 'Graph', id: 6 } } },
  },
}
const Model = protobuf.Root.fromJSON(DESCRIPTOR).lookupType('Model')

interface Node {
  readonly opType?: string
  readonly attribute?: readonly { readonly g?: { readonly node?: readonly Node[] } }[]
}

/** Whether a graph has a loop, or hides what it does in functions: its time then depends on what it is fed. */
export function hasControlFlow(file: ModelFile): boolean {
  const bundle = typeof file === 'string' ? undefined : readBundle(file)
  const main = bundle?.manifest.kind === 'onnx' ? bundle.files.get(bundle.manifest.main) : undefined
  const bytes = main ?? (typeof file === 'string' ? readFileSync(file) : file)
  const { graph, functions } = Model.decode(bytes) as unknown as {
    graph?: { node?: readonly Node[] }
    functions?: readonly { node?: readonly Node[] }[]
  }
  return loops(graph?.node) || (functions ?? []).some(({ node }) => loops(node))
}

const LOOPS: readonly string[] = ['Loop', 'Scan', 'SequenceMap']

const loops = (nodes: readonly Node[] = []): boolean =>
  nodes.some(({ opType = '', attribute = [] }) => LOOPS.includes(opType) || attribute.some(({ g }) => loops(g?.node)))
