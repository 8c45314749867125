/** A server with a model that hangs; it tells the process of the model, and is then killed by the test. */
import { counting } from '../onnx.fixture.ts'
import { openTensorModel } from '../open-model.ts'
import { childrenOf } from './children.fixture.ts'

const model = await openTensorModel('counting', counting(), { placement: 'process' })
void model.run({
  times: { datatype: 'INT64', shape: [], data: BigInt64Array.of(10n ** 15n) },
  x: { datatype: 'FP32', shape: [1], data: Float32Array.of(0) },
})
const children = childrenOf(process.pid)
setTimeout(() => process.send!(children), 300)
