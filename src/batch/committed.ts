import type { Duck } from '#data'
import type { PartManifest } from './plan.ts'

/** Where answers go. A part is there whole with its manifest, or not at all; a second commit of it changes nothing. */
export interface Target {
  /** What is committed so far, by the number of the part. */
  committed(): Promise<Map<number, PartManifest>>
  /** @param answers the part's rows, as a SELECT */
  commit(duck: Duck, answers: string, manifest: PartManifest): Promise<void>
  /** Puts what is committed in its final place, and again when that was cut off. */
  finish(duck: Duck): Promise<void>
  close(): Promise<void>
}
