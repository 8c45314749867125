/** The child process that asks a package, in the runtime that serves, what the logged model was asked. */
import { keptEnvironments } from '#pipelines'
import { readFile } from 'node:fs/promises'
import { serveAsChild } from '#platform/process'
import { loadModel, type PredictionRecord } from '#runtime'
import type { Signature } from '#runtime/contract'
import type { Parity } from '../parity.ts'
import { parityOf } from '../parity.ts'

export interface CheckParityInput {
  onnx: string
  requests: string
  signature: Signature
  /** Folder where Python environments are kept. */
  environments: string
}

serveAsChild<CheckParityInput>(async ({ onnx, requests, signature, environments }): Promise<Parity> => {
  const lines = (await readFile(requests, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { record: PredictionRecord; answer: number[] })
  const model = await loadModel('the package', await readFile(onnx), signature, {
    environments: keptEnvironments(environments),
  })
  const answers = await model.predict(lines.map(({ record }) => record))
  await model.close()
  return parityOf(
    answers,
    lines.flatMap(({ answer }) => answer),
    lines.length,
  )
})
