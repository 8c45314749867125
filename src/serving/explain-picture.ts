import { type OcclusionMap, occlusionOf, overlayOf, type Pixels, pngOf, readPicture } from '#pictures'
import { type LoadedModel, pixelFeeds } from '#runtime'
import type { OcclusionExplanation } from './contract.ts'

/** Which part of a picture made a model say `label`, as a map. */
export function occlusionMap(model: LoadedModel, pixels: Pixels, label: string | null): Promise<OcclusionMap> {
  return occlusionOf(pixels, (pictures) => scoresOf(model, pictures, label))
}

/** The map as it is answered: numbers rounded to what they are worth. */
export function asExplanation({ score, columns, rows, drops }: OcclusionMap): OcclusionExplanation {
  const row = (r: number) => Array.from(drops.subarray(r * columns, (r + 1) * columns), rounded)
  return { method: 'occlusion', score, drops: Array.from({ length: rows }, (_, r) => row(r)) }
}

/** The picture as the model saw it, with or without the map over it: a PNG. */
export async function explanationPng(
  model: LoadedModel,
  bytes: Uint8Array,
  { label, plain }: { label: string | null; plain: boolean },
): Promise<Buffer> {
  const { pixels } = await readPicture(bytes, model.signature.image!)
  return plain ? pngOf(pixels) : overlayOf(pixels, await occlusionMap(model, pixels, label))
}

/** P(label) of each picture; the value of a regression. */
async function scoresOf(model: LoadedModel, pictures: readonly Pixels[], label: string | null): Promise<Float64Array> {
  const { signature, outputs } = model
  const answers = await model.run(pixelFeeds(signature.image!, pictures), pictures.length)
  if (signature.task === 'regression') return answers
  const place = Math.max(0, signature.classes.indexOf(label ?? ''))
  if (signature.task === 'binary') return place === 1 ? answers : answers.map((positive) => 1 - positive)
  return Float64Array.from(pictures, (_, p) => answers[p * outputs + place]!)
}

const rounded = (drop: number) => Number(drop.toFixed(5))
