import type { PredictionRecord } from '#runtime'
import { FormWithoutPicture } from './errors.ts'

/** A request whose body is a picture, or a form with some. */
export interface PictureRequest {
  readonly records: readonly PredictionRecord[]
  readonly files: readonly Uint8Array[]
}

/**
 * @param columns further columns of each picture's record, from the address
 * @throws FormWithoutPicture
 */
export async function pictureBody(
  body: Buffer,
  contentType: string,
  columns: Readonly<Record<string, string>>,
): Promise<PictureRequest> {
  if (!contentType.toLowerCase().startsWith('multipart/form-data')) return { records: [columns], files: [body] }
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } })
    .formData()
    .catch((error: Error) => {
      throw new FormWithoutPicture(error.message)
    })
  const files: Uint8Array[] = []
  const record: Record<string, string> = { ...columns }
  for (const [name, value] of form) {
    if (typeof value === 'string') record[name] = value
    else files.push(new Uint8Array(await value.arrayBuffer()))
  }
  if (files.length === 0) throw new FormWithoutPicture('it has no file in it')
  return { records: files.map(() => record), files }
}
