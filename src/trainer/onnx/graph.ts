import {
  ATTRIBUTE_TYPE,
  type AttributeMessage,
  DATA_TYPE,
  encodeModel,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './schema.ts'

/** A value of an operator's attribute; a plain number is an integer. */
export type Attribute =
  | number
  | string
  | { readonly float: number }
  | { readonly ints: ArrayLike<number> }
  | { readonly strings: readonly string[] }
  | { readonly doubles: readonly number[] }

/** Of what goes in and comes out. */
export type ValueType = 'float' | 'double' | 'string'

/** Operators of the ML domain; all others are of the default domain. */
const ML_OPERATORS = new Set(['LabelEncoder', 'TreeEnsembleRegressor'])

/** Opset 17 and ml 3 are what onnxruntime has run since 1.12, and need IR version 8. */
const IR_VERSION = 8
const OPSETS = [
  { domain: '', version: 17 },
  { domain: 'ai.onnx.ml', version: 3 },
]

/** Puts an ONNX graph together, naming every value in it. */
export class GraphBuilder {
  private readonly nodes: NodeMessage[] = []
  private readonly constants: TensorMessage[] = []
  private readonly inputs: ValueInfoMessage[] = []
  private readonly outputs: ValueInfoMessage[] = []
  private readonly taken: Set<string>

  /** @param reserved names of inputs and outputs, kept free of inner values */
  constructor(reserved: Iterable<string>) {
    this.taken = new Set(reserved)
  }

  /** An input of shape [rows, columns]. */
  input(name: string, type: ValueType, columns = 1): string {
    this.inputs.push(valueInfo(name, type, [columns]))
    return name
  }

  /** @param shape dimensions after the rows */
  output(name: string, type: ValueType, shape: readonly number[]): void {
    this.outputs.push(valueInfo(name, type, shape))
  }

  /** Adds an operator with one output and gives the output's name. */
  node(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, output?: string): string {
    const name = output ?? this.freeName(op)
    this.nodes.push({
      name: `${name}/${op}`,
      op_type: op,
      domain: ML_OPERATORS.has(op) ? 'ai.onnx.ml' : '',
      input: inputs,
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
    })
    return name
  }

  doubles(values: readonly number[], dims: readonly number[]): string {
    return this.constant({ dims: [...dims], data_type: DATA_TYPE.double, raw_data: doubleBytes(values) })
  }

  integers(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const raw = new DataView(new ArrayBuffer(8 * values.length))
    values.forEach((value, i) => {
      raw.setBigInt64(8 * i, BigInt(value), true)
    })
    return this.constant({
      dims: [...dims],
      data_type: DATA_TYPE.int64,
      raw_data: new Uint8Array(raw.buffer),
    })
  }

  texts(values: readonly string[], dims: readonly number[] = [values.length]): string {
    return this.constant({ dims: [...dims], data_type: DATA_TYPE.string, string_data: [...values] })
  }

  /** The bytes of the ONNX file. */
  finish(name: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    // What stands beside others in one matrix is not needed by itself.
    const needed = new Set(this.nodes.flatMap((node) => node.input))
    const initializer = this.constants.filter((tensor) => needed.has(tensor.name!))
    const model: ModelMessage = {
      ir_version: IR_VERSION,
      producer_name: 'orrery',
      opset_import: OPSETS,
      metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: { name, node: this.nodes, initializer, input: this.inputs, output: this.outputs },
    }
    return encodeModel(model)
  }

  private constant(tensor: TensorMessage): string {
    const name = this.freeName('constant')
    this.constants.push({ ...tensor, name })
    return name
  }

  private freeName(stem: string): string {
    for (let i = this.taken.size; ; i++) {
      const name = `${stem}_${i}`
      if (this.taken.has(name)) continue
      this.taken.add(name)
      return name
    }
  }
}

function attributeOf(name: string, value: Attribute): AttributeMessage {
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value }
  if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.string, s: value }
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float }
  if ('ints' in value) return { name, type: ATTRIBUTE_TYPE.ints, ints: value.ints }
  if ('strings' in value) return { name, type: ATTRIBUTE_TYPE.strings, strings: value.strings }
  const t = { dims: [value.doubles.length], data_type: DATA_TYPE.double, raw_data: doubleBytes(value.doubles) }
  return { name, type: ATTRIBUTE_TYPE.tensor, t }
}

function valueInfo(name: string, type: ValueType, shape: readonly number[]): ValueInfoMessage {
  const dim = [{ dim_param: 'rows' }, ...shape.map((size) => ({ dim_value: size }))]
  return { name, type: { tensor_type: { elem_type: DATA_TYPE[type], shape: { dim } } } }
}

/** Little-endian, whatever the machine. */
function doubleBytes(values: readonly number[]): Uint8Array {
  const raw = new DataView(new ArrayBuffer(8 * values.length))
  values.forEach((value, i) => {
    raw.setFloat64(8 * i, value, true)
  })
  return new Uint8Array(raw.buffer)
}
