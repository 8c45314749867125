import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WeightedVersion } from '#deployments/contract'
import type { Blobs } from '#platform/blobs'
import type { Registry } from '#registry'
import { type GraphPackage, graphSignature, writeBundle } from '#runtime'
import type { Signature } from '#runtime/contract'

/** What answers a batch: the file of a package and its signature. */
export interface Scorer {
  readonly onnx: string
  readonly signature: Signature
}

/**
 * Who answers: a version, or the versions that answer an endpoint together as one composed model, mixed by the weights they had
 * when the batch began. Its file is made once and lies with the job.
 *
 * @param members of a committee, the heaviest names the answer; fewer than two are none
 * @throws VersionUnknown, VersionNotPackaged, ModelBroken when they cannot answer together
 */
export async function scorerOf(
  { registry, blobs }: { registry: Registry; blobs: Pick<Blobs, 'path'> },
  { model, version, members }: { model: string; version: number; members: readonly WeightedVersion[] },
  folder: string,
): Promise<Scorer> {
  const own = await registry.packaged(model, version)
  const answering = members.filter(({ weight }) => weight > 0)
  if (answering.length < 2 || own.signature.image)
    return { onnx: await blobs.path(own.package.hash), signature: own.signature }

  const parts: GraphPackage['parts'] = {}
  const hashes = new Map<string, string>()
  for (const one of answering) {
    const { signature, package: file } = await registry.packaged(model, one.version)
    const part = `v${one.version}`
    parts[part] = { file: `${part}.package`, of: `${model}@${one.version}`, signature }
    hashes.set(`${part}.package`, file.hash)
  }
  const answer = {
    ...{ combine: Object.keys(parts), by: 'average' as const },
    weights: answering.map(({ weight }) => weight),
  }
  const signature = graphSignature(`the committee of ${model}`, answer, new Map(Object.entries(parts)))
  const path = join(folder, 'committee.package')
  if (!(await stat(path).catch(() => undefined))) {
    const files = new Map<string, Uint8Array>()
    for (const [file, hash] of hashes) files.set(file, await readFile(await blobs.path(hash)))
    await mkdir(folder, { recursive: true })
    await writeFile(`${path}.part`, writeBundle({ manifest: { kind: 'graph', parts, answer }, files }))
    await rename(`${path}.part`, path)
  }
  return { onnx: path, signature }
}
