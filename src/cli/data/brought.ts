import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type BroughtFile, getHttp, madeOf, saveTo } from '#data'
import type { DatasetSpec } from '#data/contract'
import { type ServerOptions, serverFrom } from '../server.ts'

/** What a data set, and what its recipe reads, is made of as far as only a server knows it. */
export async function broughtBy(
  options: ServerOptions,
  { dataset, sets, ...of }: { project: string; dataset: string; sets: Record<string, DatasetSpec>; folder: string },
): Promise<{ brought: BroughtFile | undefined; broughtTables: Record<string, BroughtFile> }> {
  const broughtTables: Record<string, BroughtFile> = {}
  for (const other of madeOf(dataset, sets)) {
    const brought = await bringRows(options, { ...of, dataset: other, spec: sets[other]! })
    if (brought) broughtTables[other] = brought
  }
  return { brought: await bringRows(options, { ...of, dataset, spec: sets[dataset]! }), broughtTables }
}

/** The rows of a source that only a server knows, brought from there; `undefined` for a source that can be reached. */
async function bringRows(
  options: ServerOptions,
  of: { project: string; dataset: string; spec: DatasetSpec; folder: string },
): Promise<BroughtFile | undefined> {
  if (!/^(upload|predictions):\/\//.test(of.spec.source)) return undefined
  const { url } = serverFrom(options)
  const [project, dataset] = [encodeURIComponent(of.project), encodeURIComponent(of.dataset)]
  const token = process.env.ORRERY_TOKEN
  const path = join(of.folder, `brought-${of.dataset}`)
  await mkdir(of.folder, { recursive: true })
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  return getHttp(
    `${url}/api/projects/${project}/sources/${dataset}/rows`,
    { headers, name: `${of.spec.source} of ${url}`, attempts: 1 },
    async (body, answer) => {
      await saveTo(path)(body)
      const told = JSON.parse(decodeURIComponent(answer.headers.get('orrery-source') ?? '%7B%7D'))
      return { path, name: of.dataset, at: Date.now(), what: '', ...told }
    },
  )
}
