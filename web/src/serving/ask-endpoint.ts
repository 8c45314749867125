import { ClientError } from '#platform/http/contract'
import type { Prediction } from '#serving/contract'
import { fetchWithToken } from '../shell/token.ts'

/** A tensor as the Open Inference Protocol has it in JSON. */
export interface JsonTensor {
  name: string
  shape: number[]
  datatype: string
  data: unknown
}

/** A picture through `/predict`, as the bytes of its file. */
export async function predictPicture(endpoint: string, file: File): Promise<Prediction> {
  const reply = await post(`/predict/${encodeURIComponent(endpoint)}`, file, file.type)
  return (reply as { predictions: Prediction[] }).predictions[0]!
}

/** Tensors through the Open Inference Protocol. */
export async function inferTensors(endpoint: string, inputs: readonly JsonTensor[]): Promise<JsonTensor[]> {
  const body = JSON.stringify({ inputs })
  const reply = await post(`/v2/models/${encodeURIComponent(endpoint)}/infer`, body, 'application/json')
  return (reply as { outputs: JsonTensor[] }).outputs
}

async function post(url: string, body: BodyInit, type: string): Promise<unknown> {
  const reply = await fetchWithToken(url, { method: 'POST', body, headers: { 'content-type': type } })
  const answer = await reply.json()
  if (reply.ok) return answer
  const { error } = answer as { error: string | { code: string; message: string; hint: string } }
  // The protocol has one text for what is wrong and what to do.
  const told = typeof error === 'string' ? { code: 'ORRERY_INFERENCE_REFUSED', message: error, hint: '' } : error
  throw new ClientError({ status: reply.status, ...told })
}
