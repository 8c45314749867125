import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bundle, PythonModel } from '../bundle.ts'
import { ModelBroken } from '../errors.ts'
import type { OpenOptions } from '../open-options.ts'
import { blankFeeds } from '../tensor.ts'
import type { TensorModel } from '../tensor-model.ts'
import { packTensors } from './frames.ts'
import { startHost } from './host.ts'
import { isolatedModel, openIn, PROCESS_LIMITS } from './isolated-model.ts'

/** The script that answers for a logged model in Python, and that describes one. */
export const PYTHON_SERVER = fileURLToPath(new URL('../python/serve_model.py', import.meta.url))

/**
 * Opens a model that Python answers for: always in a process of its own, in its own locked environment. Nothing of it is read in
 * this process.
 * @throws ModelBroken
 */
export async function openPythonModel(
  name: string,
  { manifest, files }: Bundle & { manifest: PythonModel },
  { environments, warmUp, limits = {}, onEvent = () => {} }: OpenOptions,
): Promise<TensorModel> {
  if (!environments) throw new ModelBroken(name, 'Python answers for it, and there is none here')
  const all = { ...PROCESS_LIMITS, ...limits }
  const folder = await mkdtemp(join(tmpdir(), 'orrery-model-'))
  try {
    for (const [path, content] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content)
    }
    const env = await environments(manifest.lock, manifest.python).catch((error: Error) => {
      throw new ModelBroken(name, `its Python environment could not be made (${error.message})`, error)
    })
    const { tensors, parts } = packTensors(warmUp ?? blankFeeds(manifest.inputs))
    const bytes = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
    const start = async () => {
      const host = startHost({
        command: join(env.VIRTUAL_ENV!, 'bin', 'python'),
        args: ['-I', PYTHON_SERVER, 'serve'],
        env: { ...env, HOME: folder, TMPDIR: folder, MLFLOW_DISABLE_TELEMETRY: 'true' },
        cwd: folder,
      })
      try {
        const opening = { manifest, folder: join(folder, manifest.model), tensors, bytes }
        return { host, opened: await openIn(host, name, opening, parts, all.openMs) }
      } catch (error) {
        host.end()
        throw error
      }
    }
    const { host, opened } = await start()
    const model = isolatedModel(name, opened, host, async () => (await start()).host, all, onEvent)
    return {
      ...model,
      close: async () => {
        await model.close()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
