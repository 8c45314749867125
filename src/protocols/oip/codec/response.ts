import type { Tensor } from '#runtime'
import { bytesOf } from './binary-data.ts'
import { jsonOfData } from './json-data.ts'

/** An answer, whatever it goes out in. */
export interface InferResponse {
  readonly model: string
  readonly version: string
  readonly id: string | undefined
  readonly outputs: Readonly<Record<string, Tensor>>
  readonly parameters?: Readonly<Record<string, string | number | boolean>> | undefined
}

export interface WrittenResponse {
  readonly body: string | Buffer
  /** Bytes of the body that are JSON, when binary data follows. */
  readonly headerLength: number | undefined
}

/**
 * An answer over HTTP.
 *
 * @param isBinary whether the data of an output goes after the JSON
 * @throws TensorDataInvalid when bytes that are no text would go into the JSON
 */
export function writeInferResponse(
  { model, version, id, outputs, parameters }: InferResponse,
  isBinary: (output: string) => boolean,
): WrittenResponse {
  const binary: Uint8Array[] = []
  const written = Object.entries(outputs).map(([name, tensor]) => {
    const { datatype, shape } = tensor
    const head = `{"name":${JSON.stringify(name)},"shape":[${shape.join(',')}],"datatype":"${datatype}"`
    if (!isBinary(name)) return `${head},"data":${jsonOfData(tensor)}}`
    const bytes = bytesOf(tensor)
    binary.push(bytes)
    return `${head},"parameters":{"binary_data_size":${bytes.byteLength}}}`
  })
  const json =
    `{"model_name":${JSON.stringify(model)},"model_version":${JSON.stringify(version)}` +
    `${id === undefined ? '' : `,"id":${JSON.stringify(id)}`}` +
    `${parameters ? `,"parameters":${JSON.stringify(parameters)}` : ''},"outputs":[${written.join(',')}]}`
  if (binary.length === 0) return { body: json, headerLength: undefined }
  const header = Buffer.from(json)
  return { body: Buffer.concat([header, ...binary]), headerLength: header.byteLength }
}
