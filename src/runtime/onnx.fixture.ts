import protobuf from 'protobufjs'

/** The part of `onnx.proto` that tests write graphs with; numbers as there. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Model { int64 ir_version = 1; Graph graph = 7; repeated Opset opset_import = 8; }
  message Opset { string domain = 1; int64 version = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Initializer initializer = 5;
    repeated Value input = 11; repeated Value output = 12;
  }
  message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated Attribute attribute = 5; }
  message Attribute { string name = 1; int64 i = 3; Graph g = 6; repeated int64 ints = 8; int32 type = 20; }
  message Initializer {
    repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9;
    repeated Entry external_data = 13; int32 data_location = 14;
  }
  message Entry { string key = 1; string value = 2; }
  message Value { string name = 1; Type type = 2; }
  message Type { TensorType tensor_type = 1; SequenceType sequence_type = 4; }
  message SequenceType { Type elem_type = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Shape { repeated Dimension dim = 1; }
  message Dimension { int64 dim_value = 1; string dim_param = 2; }
`,
  { keepCase: true },
)
const Model = root.lookupType('Model')

export const ELEMENT = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
} as const
export type Element = keyof typeof ELEMENT

type Shape = readonly (number | string)[]

/** An input or output of a graph; a text is a dimension of any size. */
export const value = (name: string, element: Element, shape?: Shape) => ({
  name,
  type: {
    tensor_type: {
      elem_type: ELEMENT[element],
      ...(shape && {
        shape: { dim: shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size })) },
      }),
    },
  },
})

/** A list of tensors, which is no tensor. */
export const list = (name: string, element: Element) => ({
  name,
  type: { sequence_type: { elem_type: { tensor_type: { elem_type: ELEMENT[element] } } } },
})

export const floats = (name: string, dims: readonly number[], values: ArrayLike<number>) => ({
  name,
  dims,
  data_type: ELEMENT.FP32,
  raw_data: new Uint8Array(Float32Array.from(values).buffer),
})

export const whole = (name: string, dims: readonly number[], values: readonly number[]) => ({
  name,
  dims,
  data_type: ELEMENT.INT64,
  raw_data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
})

export const truth = (name: string, is: boolean) => ({
  name,
  dims: [],
  data_type: ELEMENT.BOOL,
  raw_data: Uint8Array.of(is ? 1 : 0),
})

type Attribute = { i: number } | { g: GraphParts } | { ints: readonly number[] }
const ATTRIBUTE = { i: 2, g: 5, ints: 7 }

export interface GraphParts {
  node: object[]
  input: object[]
  output: object[]
  initializer?: object[]
}
const named = (graph: GraphParts) => ({ name: 'test', ...graph })

export const node = (
  op_type: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Record<string, Attribute> = {},
): object => ({
  op_type,
  input,
  output,
  attribute: Object.entries(attributes).map(([name, attribute]) => ({
    name,
    ...('g' in attribute ? { g: named(attribute.g) } : attribute),
    type: ATTRIBUTE[Object.keys(attribute)[0] as keyof typeof ATTRIBUTE],
  })),
})

/** An ONNX file with this graph. */
export function onnxFile(graph: GraphParts): Uint8Array {
  return Model.encode(
    Model.fromObject({ ir_version: 8, graph: named(graph), opset_import: [{ domain: '', version: 17 }] }),
  ).finish()
}

/** Gives its input back, whatever it is. */
export const echo = (element: Element, shape: Shape = ['n']) =>
  onnxFile({
    node: [node('Identity', ['x'], ['y'])],
    input: [value('x', element, shape)],
    output: [value('y', element, shape)],
  })

const addingOne = (): GraphParts => ({
  node: [node('Identity', ['c'], ['c out']), node('Add', ['v', 'one'], ['v out'])],
  input: [value('i', 'INT64', []), value('c', 'BOOL', []), value('v', 'FP32', [1])],
  output: [value('c out', 'BOOL', []), value('v out', 'FP32', [1])],
  initializer: [floats('one', [1], [1])],
})

/** Adds one to `x` as often as `times` says: as slow as a test wants it. */
export const counting = () =>
  onnxFile({
    node: [
      node('Loop', ['times', 'go on', 'x'], ['y'], {
        body: { g: addingOne() },
      }),
    ],
    input: [value('times', 'INT64', []), value('x', 'FP32', [1])],
    output: [value('y', 'FP32', [1])],
    initializer: [truth('go on', true)],
  })

/** Sums as many zeros as `size` says: as large in memory as a test wants it. */
export const hungry = () =>
  onnxFile({
    node: [
      node('ConstantOfShape', ['size'], ['zeros']),
      node('ReduceSum', ['zeros', 'axes'], ['y'], { keepdims: { i: 1 } }),
    ],
    input: [value('size', 'INT64', [1])],
    output: [value('y', 'FP32', [1])],
    initializer: [whole('axes', [1], [0])],
  })

/** Multiplies a row by a square matrix again and again: its time is what `layers` and `width` say. */
export const deep = (width: number, layers: number) =>
  onnxFile({
    node: Array.from({ length: layers }, (_, l) =>
      node('MatMul', [l === 0 ? 'x' : `h${l}`, 'w'], [l === layers - 1 ? 'y' : `h${l + 1}`]),
    ),
    input: [value('x', 'FP32', ['n', width])],
    output: [value('y', 'FP32', ['n', width])],
    initializer: [floats('w', [width, width], new Float32Array(width * width).fill(1 / width))],
  })

/** A regression that counts to its one feature, `times`: it takes as long as it is told. */
export const countingRegression = () =>
  onnxFile({
    node: [
      node('ReduceMax', ['times'], ['most'], { keepdims: { i: 0 } }),
      node('Cast', ['most'], ['trips'], { to: { i: ELEMENT.INT64 } }),
      node('Loop', ['trips', 'go on', 'none'], ['counted'], { body: { g: addingOne() } }),
      node('Sub', ['times', 'times'], ['nothing']),
      node('Add', ['nothing', 'counted'], ['prediction']),
    ],
    input: [value('times', 'FP32', ['n', 1])],
    output: [value('prediction', 'FP32', ['n', 1])],
    initializer: [truth('go on', true), floats('none', [1], [0])],
  })

/** A graph that multiplies by 11, which lies in a file of its own. */
export function external(): { main: Uint8Array; weights: Uint8Array } {
  const entries = { location: 'weights/w.bin', offset: '0', length: '4' }
  const w = {
    name: 'w',
    dims: [1],
    data_type: ELEMENT.FP32,
    external_data: Object.entries(entries).map(([key, text]) => ({ key, value: text })),
    data_location: 1,
  }
  return {
    main: onnxFile({
      node: [node('Mul', ['x', 'w'], ['y'])],
      input: [value('x', 'FP32', ['n'])],
      output: [value('y', 'FP32', ['n'])],
      initializer: [w],
    }),
    weights: new Uint8Array(Float32Array.of(11).buffer),
  }
}
