import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { KEPT } from './preview.ts'

const MOST = 8

interface Kept {
  readonly identity: string
  readonly folder: string
}

/** Samples that previews left, the newest of each data set: the next recipe with the same steps that make rows starts from it. */
export class KeptSamples {
  readonly #kept = new Map<string, Kept>()

  /** @param identity what the sample was made of, by its content, and how: it is never out of date */
  find(key: string, identity: string): string | undefined {
    const kept = this.#kept.get(key)
    if (kept?.identity !== identity) return undefined
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
    this.#kept.set(key, { identity, folder })
    const [oldest] = this.#kept.size > MOST ? this.#kept : []
    if (oldest) this.#kept.delete(oldest[0])
    for (const gone of [before, oldest?.[1]]) if (gone) await rm(gone.folder, { recursive: true, force: true })
  }
}
