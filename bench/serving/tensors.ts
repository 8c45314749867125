/**
 * What reading and writing the Open Inference Protocol costs, beside what cannot be spared: `JSON.parse` of the same text,
 * and a copy of the same bytes. CPU per request, the best of five rounds each: `node bench/serving/tensors.ts`.
 */
import { readInferRequest } from '../../src/protocols/oip/codec/request.ts'
import { writeInferResponse } from '../../src/protocols/oip/codec/response.ts'

const ROUNDS = 5
const TIMES = 10_000

/** Microseconds of CPU of one call. */
function cost(call: () => unknown): number {
  for (let i = 0; i < TIMES; i++) call()
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < TIMES; i++) call()
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / TIMES)
  }
  return best
}

const row = Array.from({ length: 20 }, (_, i) => i / 3)
const matrix = Buffer.from(JSON.stringify({ inputs: [{ name: 'x', shape: [1, 20], datatype: 'FP32', data: row }] }))
const features = Buffer.from(
  JSON.stringify({
    inputs: row.map((value, i) => ({ name: `feature_${i}`, shape: [1, 1], datatype: 'FP32', data: [value] })),
  }),
)

/** A picture of 64 × 64 × 3 after its JSON, at a place where an array of floats may begin, as the server puts it. */
const PIXELS = 64 * 64 * 3
const header = JSON.stringify({
  inputs: [{ name: 'x', shape: [1, 64, 64, 3], datatype: 'FP32', parameters: { binary_data_size: 4 * PIXELS } }],
  outputs: [{ name: 'y', parameters: { binary_data: true } }],
})
const lead = (8 - (header.length % 8)) % 8
const memory = Buffer.alloc(lead + header.length + 4 * PIXELS)
memory.write(header, lead)
const picture = memory.subarray(lead)
const copy = Buffer.alloc(4 * PIXELS)

const outputs = { y: { datatype: 'FP32' as const, shape: [1, 2], data: Float32Array.of(0.1, 0.9) } }
const answer = { model: 'm', version: '1', id: 'a', outputs }

const measured: [what: string, ours: number, beside: string, theirs: number][] = [
  [
    'read a row of 20 in one tensor of JSON',
    cost(() => readInferRequest(matrix, undefined)),
    'JSON.parse',
    cost(() => JSON.parse(matrix.toString())),
  ],
  [
    'read a row of 20 in 20 tensors of JSON',
    cost(() => readInferRequest(features, undefined)),
    'JSON.parse',
    cost(() => JSON.parse(features.toString())),
  ],
  [
    'read a picture of 48 kB of binary data',
    cost(() => readInferRequest(picture, header.length)),
    'a copy of it',
    cost(() => memory.copy(copy, 0, lead + header.length)),
  ],
  [
    'write an answer as JSON',
    cost(() => writeInferResponse(answer, () => false)),
    'JSON.stringify',
    cost(() => JSON.stringify({ ...answer, outputs: [{ name: 'y', shape: [1, 2], data: [...outputs.y.data] }] })),
  ],
]
for (const [what, ours, beside, theirs] of measured)
  console.log(
    `${what.padEnd(42)} ${ours.toFixed(2).padStart(7)} µs   ${beside} ${theirs.toFixed(2)} µs   ${(ours / theirs).toFixed(1)} ×`,
  )
