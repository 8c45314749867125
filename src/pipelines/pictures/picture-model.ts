import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PictureModelUndescribed } from '../errors.ts'

/** What a training command says of the model of pictures that it leaves: `model.json` beside the arrays. */
export const PictureModel = z.object({
  input: z.string(),
  layout: z.enum(['NHWC', 'NCHW']),
  mean: z.array(z.number()).min(1).max(3),
  std: z.array(z.number().positive()).min(1).max(3),
  embedding: z.string().optional(),
  /** What it answers about the first validation pictures there, P(second class) or the value: to compare with. */
  answers: z.array(z.number()).max(10_000).default([]),
})
export type PictureModel = z.output<typeof PictureModel>

/** @throws PictureModelUndescribed */
export async function readPictureModel(command: string, folder: string): Promise<PictureModel> {
  const text = await readFile(join(folder, 'model.json'), 'utf8').catch(() => {
    throw new PictureModelUndescribed(command, 'there is no model.json')
  })
  try {
    return PictureModel.parse(JSON.parse(text))
  } catch (error) {
    throw new PictureModelUndescribed(command, (error as Error).message.slice(0, 300))
  }
}
