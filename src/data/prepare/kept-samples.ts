import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { partsOfRecipe } from '#projects'
import type { DatasetSpec } from '../contract.ts'
import { lookOfSource } from '../sources/look.ts'
import { recipeHash } from './fit.ts'
import { KEPT } from './preview.ts'

/** Somebody who writes a recipe tries it many times within this; what only reading tells is read again after it. */
const KEPT_MS = 5 * 60_000
const MOST = 8

interface Kept {
  readonly identity: string
  readonly folder: string
  readonly at: number
}

/** Samples that previews left, the newest of each data set: trying the next recipe out reads no source again. */
export class KeptSamples {
  readonly #kept = new Map<string, Kept>()

  /** The folder of a sample of the same rows. */
  find(key: string, identity: string): string | undefined {
    const kept = this.#kept.get(key)
    if (kept?.identity !== identity || Date.now() - kept.at > KEPT_MS) return undefined
    return existsSync(join(kept.folder, KEPT)) ? kept.folder : undefined
  }

  has(folder: string): boolean {
    return [...this.#kept.values()].some((kept) => kept.folder === folder)
  }

  /** Takes over the folder of a preview, if the sample in it is whole. */
  async keep(key: string, identity: string, folder: string): Promise<void> {
    if (!existsSync(join(folder, KEPT))) return
    const before = this.#kept.get(key)
    this.#kept.delete(key)
    this.#kept.set(key, { identity, folder, at: Date.now() })
    const [oldest] = this.#kept.size > MOST ? this.#kept : []
    if (oldest) this.#kept.delete(oldest[0])
    for (const gone of [before, oldest?.[1]]) if (gone) await rm(gone.folder, { recursive: true, force: true })
  }
}

/** The same as long as the steps that make rows, and all that they read, are the same. */
export async function identityOf(
  dataset: string,
  spec: DatasetSpec,
  others: Readonly<Record<string, DatasetSpec>>,
  folder: string,
): Promise<string> {
  const { table } = partsOfRecipe(spec.prepare ?? [])
  const read = table.length > 0 ? { ...others, [dataset]: spec } : { [dataset]: spec }
  const looks = await Promise.all(
    // What is not there is told by reading it.
    Object.entries(read).map(async ([name, { prepare, ...one }]) => [
      name,
      name === dataset ? table : prepare,
      one,
      await lookOfSource(one, folder).catch(() => undefined),
    ]),
  )
  return recipeHash(looks)
}
