/**
 * The process of an ONNX model that is too slow, or too risky, to run beside HTTP. It answers frames on file descriptor 3,
 * one after the other, and ends with the server that started it.
 */
import { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { asOrreryError } from '#platform/errors'
import { firstLine } from '../errors.ts'
import { openInlineModel } from '../inline-model.ts'
import { blankFeeds, type Tensors } from '../tensor.ts'
import type { TensorModel } from '../tensor-model.ts'
import { measure } from './calibrate.ts'
import { type Frame, packTensors, readFrames, type TensorPart, unpackTensors, writeFrame } from './frames.ts'

export type ModelRequest =
  | { op: 'open'; name: string; path?: string; tensors: TensorPart[] | null; fileBytes: number }
  | { op: 'run'; tensors: TensorPart[]; wanted: readonly string[] }
  | { op: 'close' }

// A thread of its own, because this one may hang in a model when the server dies.
new Worker(
  `const { Socket } = require('node:net')
   new Socket({ fd: 4 }).on('error', () => {}).on('close', () => process.kill(process.pid, 'SIGKILL')).resume()`,
  { eval: true },
)

const channel = new Socket({ fd: 3 })
let model: TensorModel | undefined
let before: Promise<unknown> = Promise.resolve()

readFrames(
  channel,
  (frame) => {
    before = before.then(() => answer(frame))
  },
  () => process.exit(1),
)
channel.on('close', () => process.exit(0))

async function answer({ header, payload }: Frame): Promise<void> {
  const request = header as unknown as ModelRequest
  try {
    if (request.op === 'open') writeFrame(channel, await open(request, payload))
    else if (request.op === 'close') {
      await model?.close()
      model = undefined
      writeFrame(channel, {})
    } else {
      const feeds = unpackTensors(request.tensors, payload)
      const { tensors, parts } = packTensors(await model!.run(feeds, request.wanted))
      writeFrame(channel, { tensors, rss: process.memoryUsage.rss() }, parts)
    }
  } catch (error) {
    const known = asOrreryError(error)
    writeFrame(channel, { error: { code: known?.code, message: known?.message ?? firstLine(error) } })
  }
}

async function open(
  { name, path, fileBytes, tensors }: Extract<ModelRequest, { op: 'open' }>,
  payload: ArrayBuffer,
): Promise<Record<string, unknown>> {
  model = await openInlineModel(name, path ?? new Uint8Array(payload, payload.byteLength - fileBytes))
  const { inputs, outputs, bytes } = model
  const feeds: Tensors = tensors ? unpackTensors(tensors, payload) : blankFeeds(inputs)
  return { inputs, outputs, bytes, ...(await measure(model, feeds)), rss: process.memoryUsage.rss() }
}
