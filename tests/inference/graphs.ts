import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { echo, type Element, ELEMENT, floats, node, onnxFile, value } from '../../src/runtime/onnx.fixture.ts'

/** A folder of graphs: `echo_<datatype>` gives back what it is sent, `linear` is two numbers times [2, 3] plus 1. */
export async function writeGraphs(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const write = (name: string, bytes: Uint8Array) => writeFile(join(folder, `${name}.onnx`), bytes)
  for (const element of Object.keys(ELEMENT) as Element[])
    await write(`echo_${element.toLowerCase()}`, echo(element, ['n', 'm']))
  await write('linear', linear())
  await write('two', two())
}

const linear = () =>
  onnxFile({
    node: [node('MatMul', ['x', 'w'], ['product']), node('Add', ['product', 'one'], ['y'])],
    initializer: [floats('w', [2, 1], [2, 3]), floats('one', [1], [1])],
    input: [value('x', 'FP32', ['n', 2])],
    output: [value('y', 'FP32', ['n', 1])],
  })

/** Two inputs and two outputs. */
const two = () =>
  onnxFile({
    node: [node('Add', ['a', 'b'], ['sum']), node('Sub', ['a', 'b'], ['difference'])],
    input: [value('a', 'FP32', ['n', 1]), value('b', 'FP32', ['n', 1])],
    output: [value('sum', 'FP32', ['n', 1]), value('difference', 'FP32', ['n', 1])],
  })
