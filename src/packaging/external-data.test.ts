import protobuf from 'protobufjs'
import { expect, it } from 'vitest'
import { externalFiles } from './external-data.ts'

/** The part of `onnx.proto` that says where weights lie; numbers as there. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Model { Graph graph = 7; }
  message Graph { repeated Node node = 1; repeated Tensor initializer = 5; }
  message Node { string op_type = 4; repeated Attribute attribute = 5; }
  message Attribute { string name = 1; Tensor t = 5; Graph g = 6; }
  message Tensor { repeated int64 dims = 1; string name = 8; bytes raw_data = 9; repeated Entry external_data = 13; }
  message Entry { string key = 1; string value = 2; }
`,
  { keepCase: true },
)
const Model = root.lookupType('Model')
const file = (graph: object) => Model.encode(Model.fromObject({ graph })).finish()
const outside = (location: string) => ({
  name: location,
  external_data: [
    { key: 'location', value: location },
    { key: 'length', value: '4' },
  ],
})

it('finds the files in which weights lie, also in constants and in graphs inside of nodes', () => {
  const inner = { initializer: [outside('inner.bin'), outside('shared.bin')] }
  const graph = {
    initializer: [{ name: 'own', raw_data: Buffer.of(1) }, outside('shared.bin')],
    node: [
      { op_type: 'Constant', attribute: [{ name: 'value', t: outside('constant.bin') }] },
      { op_type: 'If', attribute: [{ name: 'then_branch', g: inner }] },
    ],
  }
  expect(externalFiles(file(graph))).toEqual(['shared.bin', 'constant.bin', 'inner.bin'])
  expect(externalFiles(file({ initializer: [{ name: 'own', raw_data: Buffer.of(1) }] }))).toEqual([])
})

it('leaves it to the runtime to say what is wrong with a file that is cut short', () => {
  const whole = file({ initializer: [outside('weights.bin')] })
  expect(externalFiles(whole.subarray(0, whole.length - 5))).toEqual([])
})
