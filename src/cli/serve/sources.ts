import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { Signature } from '#registry/contract'
import { NothingToServe, NoSuchModelFile, PackageNotDownloaded } from './errors.ts'

/** A model that can be opened. */
export interface ModelSource {
  readonly name: string
  readonly version: string
  /** Its content, or its path, where its external data lies beside it. */
  read(): Promise<{ onnx: Uint8Array | string; signature?: Signature | undefined }>
}

/** Where models come from; asked again when one is loaded that was not there before. */
export interface ModelSources {
  list(): Promise<readonly ModelSource[]>
}

const EXTENSION = '.onnx'
const VERSION_OF_A_FILE = '1'

/**
 * What `orrery serve` was told to serve: a file, a folder of files, or a version of a registered model.
 *
 * @param name instead of the file's own; a folder's files keep theirs
 * @throws NoSuchModelFile, NothingToServe
 */
export async function modelSources(what: string, name: string | undefined): Promise<ModelSources> {
  const found = await stat(what).catch(() => undefined)
  if (found?.isDirectory()) {
    if (name !== undefined) throw new NothingToServe(what, 'is a folder, whose models are named as their files', what)
    return { list: () => filesIn(what) }
  }
  if (found) return { list: async () => [fileSource(what, name ?? basename(what, extname(what)))] }
  const version = /^([^@]+)@([1-9]\d*)$/.exec(what)
  if (!version) throw new NoSuchModelFile(what)
  const [, model, number] = version as unknown as [string, string, string]
  return { list: async () => [registeredSource(model, Number(number), name ?? model)] }
}

async function filesIn(folder: string): Promise<ModelSource[]> {
  const names = (await readdir(folder)).filter((file) => file.endsWith(EXTENSION)).sort()
  if (names.length === 0)
    throw new NothingToServe(folder, `has no ${EXTENSION} file`, join(folder, `model${EXTENSION}`))
  return names.map((file) => fileSource(join(folder, file), basename(file, EXTENSION)))
}

const fileSource = (path: string, name: string): ModelSource => ({
  name,
  version: VERSION_OF_A_FILE,
  read: async () => ({ onnx: path }),
})

/** From the server that `ORRERY_SERVER` names, with `ORRERY_TOKEN`. */
function registeredSource(model: string, version: number, name: string): ModelSource {
  return {
    name,
    version: String(version),
    read: async () => {
      const { serverFrom } = await import('../server.ts')
      const { url, server } = serverFrom({})
      const { signature } = await server.getVersion({ params: { model, version } })
      const token = process.env.ORRERY_TOKEN
      const reply = await fetch(`${url}/api/models/${encodeURIComponent(model)}/versions/${version}/package`, {
        headers: token ? { authorization: `Bearer ${token}` } : {},
      })
      if (!reply.ok) throw new PackageNotDownloaded(`${model}@${version}`, reply.status, await reply.text())
      return { onnx: new Uint8Array(await reply.arrayBuffer()), signature: signature ?? undefined }
    },
  }
}
