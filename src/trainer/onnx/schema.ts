/**
 * The part of the ONNX file format this room writes: a subset of the messages of `onnx.proto` with their field numbers
 * (ONNX, copyright ONNX Project Contributors, Apache-2.0; https://github.com/onnx/onnx/blob/main/onnx/onnx.proto),
 * as a protobufjs descriptor.
 */
import protobuf, { type INamespace, type Type } from 'protobufjs/light.js'

/** Field types of a message by name; the number is the field's. `*` marks a repeated field. */
function message(fields: Record<string, readonly [type: string, id: number]>) {
  return {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, [type, id]]) => [
        name,
        type.endsWith('*') ? { rule: 'repeated', type: type.slice(0, -1), id } : { type, id },
      ]),
    ),
  }
}

const DESCRIPTOR: INamespace = {
  nested: {
    ModelProto: message({
      ir_version: ['int64', 1],
      producer_name: ['string', 2],
      graph: ['GraphProto', 7],
      opset_import: ['OperatorSetIdProto*', 8],
      metadata_props: ['StringStringEntryProto*', 14],
    }),
    OperatorSetIdProto: message({ domain: ['string', 1], version: ['int64', 2] }),
    StringStringEntryProto: message({ key: ['string', 1], value: ['string', 2] }),
    GraphProto: message({
      node: ['NodeProto*', 1],
      name: ['string', 2],
      initializer: ['TensorProto*', 5],
      input: ['ValueInfoProto*', 11],
      output: ['ValueInfoProto*', 12],
    }),
    NodeProto: message({
      input: ['string*', 1],
      output: ['string*', 2],
      name: ['string', 3],
      op_type: ['string', 4],
      attribute: ['AttributeProto*', 5],
      domain: ['string', 7],
    }),
    AttributeProto: message({
      name: ['string', 1],
      f: ['float', 2],
      i: ['int64', 3],
      s: ['string', 4],
      t: ['TensorProto', 5],
      ints: ['int64*', 8],
      // `bytes` in the specification; UTF-8 text is written the same way.
      strings: ['string*', 9],
      type: ['int32', 20],
    }),
    TensorProto: message({
      dims: ['int64*', 1],
      data_type: ['int32', 2],
      string_data: ['string*', 6],
      name: ['string', 8],
      raw_data: ['bytes', 9],
    }),
    ValueInfoProto: message({ name: ['string', 1], type: ['TypeProto', 2] }),
    TypeProto: message({ tensor_type: ['TensorTypeProto', 1] }),
    // `TypeProto.Tensor` and `TensorShapeProto.Dimension` in the specification; names are not on the wire.
    TensorTypeProto: message({ elem_type: ['int32', 1], shape: ['TensorShapeProto', 2] }),
    TensorShapeProto: message({ dim: ['DimensionProto*', 1] }),
    DimensionProto: message({ dim_value: ['int64', 1], dim_param: ['string', 2] }),
  },
}

/** `TensorProto.DataType`. */
export const DATA_TYPE = { float: 1, int64: 7, string: 8, double: 11 } as const

/** `AttributeProto.AttributeType`. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, ints: 7, strings: 8 } as const

export interface TensorMessage {
  name?: string
  dims: number[]
  data_type: number
  string_data?: string[]
  raw_data?: Uint8Array
}

export interface AttributeMessage {
  name: string
  type: number
  f?: number
  i?: number
  s?: string
  t?: TensorMessage
  ints?: ArrayLike<number>
  strings?: readonly string[]
}

export interface NodeMessage {
  name: string
  op_type: string
  domain: string
  input: readonly string[]
  output: readonly string[]
  attribute: AttributeMessage[]
}

export interface ValueInfoMessage {
  name: string
  type: { tensor_type: { elem_type: number; shape: { dim: { dim_value?: number; dim_param?: string }[] } } }
}

export interface ModelMessage {
  ir_version: number
  producer_name: string
  opset_import: { domain: string; version: number }[]
  metadata_props: { key: string; value: string }[]
  graph: {
    name: string
    node: NodeMessage[]
    initializer: TensorMessage[]
    input: ValueInfoMessage[]
    output: ValueInfoMessage[]
  }
}

let modelType: Type | undefined

/** The bytes of an ONNX file. */
export function encodeModel(model: ModelMessage): Uint8Array {
  modelType ??= protobuf.Root.fromJSON(DESCRIPTOR).lookupType('ModelProto')
  return modelType.encode(model).finish()
}
