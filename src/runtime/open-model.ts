import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { hasControlFlow } from './control-flow.ts'
import { bundleOf, openInlineModel } from './inline-model.ts'
import { packTensors } from './process/frames.ts'
import { type Host, type HostCommand, startHost } from './process/host.ts'
import { isolatedModel, openIn, PROCESS_LIMITS } from './process/isolated-model.ts'
import { openPythonModel } from './process/open-python.ts'
import type { OpenOptions } from './open-options.ts'
import type { Tensors } from './tensor.ts'
import type { ModelFile, TensorModel } from './tensor-model.ts'

/** What one run may take of the JS thread: HTTP waits for it. */
const MOST_INLINE_MICROSECONDS = 1_000

/** Where models of this content went before: opened again, they need not be measured again. */
const known = new Map<string, number>()
const MOST_KNOWN = 1_000

/**
 * Opens an ONNX graph.
 *
 * @param name for messages
 * @throws ModelBroken when the file is no graph that can run
 */
export async function openTensorModel(name: string, file: ModelFile, options: OpenOptions = {}): Promise<TensorModel> {
  const { placement = 'inline', warmUp, limits = {}, onEvent = () => {}, read } = options
  const bundle = bundleOf(name, file)
  if (bundle?.manifest.kind === 'python')
    return openPythonModel(name, { ...bundle, manifest: bundle.manifest }, options)
  if (placement === 'inline') return openInlineModel(name, file)
  const key = typeof file === 'string' ? undefined : createHash('sha256').update(file).digest('base64')
  const before = placement === 'auto' && key ? known.get(key) : undefined
  if (before !== undefined) return { ...(await openInlineModel(name, file)), microseconds: before }

  const { header, parts } = openMessage(file, warmUp)
  const all = { ...PROCESS_LIMITS, ...limits }
  const host = takeSpare()
  try {
    const opened = await openIn(host, name, header, parts, all.openMs)
    const { microseconds } = opened
    const quick = microseconds !== null && microseconds <= MOST_INLINE_MICROSECONDS
    // A loop may take as long as its input says: what one row took tells nothing of the next.
    if (placement === 'auto' && quick && !hasControlFlow(file)) {
      const model = await openInlineModel(name, file)
      remember(key, microseconds)
      giveBack(host)
      return { ...model, microseconds }
    }
    const start = async () => {
      const next = startHost(ONNX_HOST)
      try {
        const again = read ? openMessage(await read(), warmUp) : { header, parts }
        await openIn(next, name, again.header, again.parts, all.openMs)
        return next
      } catch (error) {
        next.end()
        throw error
      }
    }
    return isolatedModel(name, opened, host, start, all, onEvent)
  } catch (error) {
    host.end()
    throw error
  }
}

function openMessage(file: ModelFile, warmUp: Tensors | undefined) {
  const { tensors, parts } = warmUp ? packTensors(warmUp) : { tensors: null, parts: [] }
  if (typeof file === 'string') return { header: { path: file, tensors }, parts }
  return { header: { fileBytes: file.byteLength, tensors }, parts: [...parts, file] }
}

function remember(key: string | undefined, microseconds: number): void {
  if (!key) return
  if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value!)
  known.set(key, microseconds)
}

const ONNX_HOST: HostCommand = {
  command: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./process/serve-onnx.ts', import.meta.url))],
  // The path, for a library that looks for another; no secret of the server.
  env: { PATH: process.env.PATH },
}

/** A process that measured a model which then moved: the next one need not start its own. */
let spare: { host: Host; timer: NodeJS.Timeout } | undefined
const SPARE_MS = 30_000

function takeSpare(): Host {
  if (!spare) return startHost(ONNX_HOST)
  const { host, timer } = spare
  spare = undefined
  clearTimeout(timer)
  host.keepAlive(true)
  return host
}

function giveBack(host: Host): void {
  if (spare) {
    host.end()
    return
  }
  host.request({ op: 'close' }, [], SPARE_MS).catch(() => {})
  host.keepAlive(false)
  const mine = { host, timer: setTimeout(drop, SPARE_MS) }
  mine.timer.unref()
  spare = mine
  void host.ended.then(drop)

  function drop(): void {
    clearTimeout(mine.timer)
    if (spare === mine) spare = undefined
    host.end()
  }
}
