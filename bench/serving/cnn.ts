/** A convolutional network for pictures of 64×64×3 with weights of chance: its time is what counts, not its answers. */
import { floats, node, onnxFile, value } from '../../src/runtime/onnx.fixture.ts'

export const PIXELS = [64, 64, 3]

/** @param width channels after the first of four convolutions */
export function cnnOnnx(width: number): Uint8Array {
  const channels = [3, width, 2 * width, 4 * width, 4 * width]
  let state = 7
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const weights = (name: string, dims: number[]) =>
    floats(
      name,
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random() / 8),
    )
  const nodes = [node('Transpose', ['x'], ['h0'], { perm: { ints: [0, 3, 1, 2] } })]
  const initializer = []
  for (let l = 1; l < channels.length; l++) {
    initializer.push(weights(`w${l}`, [channels[l]!, channels[l - 1]!, 3, 3]), weights(`b${l}`, [channels[l]!]))
    nodes.push(
      node('Conv', [`h${l - 1}`, `w${l}`, `b${l}`], [`c${l}`], {
        kernel_shape: { ints: [3, 3] },
        pads: { ints: [1, 1, 1, 1] },
      }),
      node('Relu', [`c${l}`], [`r${l}`]),
      node('MaxPool', [`r${l}`], [`h${l}`], { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } }),
    )
  }
  const last = channels.length - 1
  initializer.push(weights('w', [channels[last]!, 1]))
  nodes.push(
    node('GlobalAveragePool', [`h${last}`], ['mean']),
    node('Flatten', ['mean'], ['flat']),
    node('MatMul', ['flat', 'w'], ['logit']),
    node('Sigmoid', ['logit'], ['y']),
  )
  return onnxFile({
    node: nodes,
    input: [value('x', 'FP32', ['n', ...PIXELS])],
    output: [value('y', 'FP32', ['n', 1])],
    initializer,
  })
}
