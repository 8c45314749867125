import type { Blobs } from '#platform/blobs'
import type { Logger } from '#platform/log'
import type { LoggedPrediction } from './contract.ts'
import { PictureNotKept, PredictionUnknown } from './errors.ts'
import { explanationPng } from './explain-picture.ts'
import type { Models } from './models.ts'
import type { PredictionReads } from './reads.ts'

const SHA256 = /^sha256:[0-9a-f]{64}$/

/** The pictures that projects want kept: blobs under their hash, which the log has. */
export interface KeptPictures {
  /** Resolves when it is durable, or when that failed: an answer does not wait for a disk that is full. */
  keep(bytes: Uint8Array): Promise<void>
  keeps(prediction: Pick<LoggedPrediction, 'inputs'>): Promise<boolean>
  /** @throws PredictionUnknown, PictureNotKept */
  explanation(id: string, plain: boolean): Promise<Buffer>
}

export function keptPictures({
  blobs,
  log,
  reads,
  models,
}: {
  blobs: Pick<Blobs, 'put' | 'get' | 'has'> | undefined
  log: Logger
  reads: PredictionReads
  models: Models
}): KeptPictures {
  /** Its hash, where its bytes are there. */
  async function hashOf({ inputs: { picture } }: Pick<LoggedPrediction, 'inputs'>): Promise<string | undefined> {
    return typeof picture === 'string' && SHA256.test(picture) && (await blobs?.has(picture)) ? picture : undefined
  }

  return {
    keeps: async (prediction) => (await hashOf(prediction)) !== undefined,
    keep: async (bytes) => {
      try {
        await blobs?.put(bytes)
      } catch (error) {
        log.error({ err: error, bytes: bytes.length }, 'a picture could not be kept')
      }
    },
    explanation: async (id, plain) => {
      const prediction = await reads.prediction(id)
      if (!prediction) throw new PredictionUnknown(id)
      const hash = await hashOf(prediction)
      if (hash === undefined) throw new PictureNotKept(id)
      const model = await models.get(prediction.model, prediction.version)
      // A column that only happens to be called so.
      if (!model.signature.image) throw new PictureNotKept(id)
      return explanationPng(model, await blobs!.get(hash), { label: prediction.label, plain })
    },
  }
}
