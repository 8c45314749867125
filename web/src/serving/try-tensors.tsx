import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Endpoint } from '#deployments/contract'
import type { Signature } from '#registry/contract'
import type { TensorSpec } from '#runtime/contract'
import { InlineFailure } from '../shell/failure.tsx'
import { AsCode } from './as-code.tsx'
import { inferTensors, type JsonTensor } from './ask-endpoint.ts'

/** More values than this nobody writes by hand. */
const MOST_WRITTEN = 64

/** Tensors by hand through the Open Inference Protocol: a field per input, with a shape that fits to begin with. */
export function TryTensors({ endpoint, signature }: { endpoint: Endpoint; signature: Signature }) {
  const { inputs } = signature.tensors!
  const [written, setWritten] = useState(() => Object.fromEntries(inputs.map((one) => [one.name, sampleOf(one)])))
  const read = inputs.map((input) => tensorOf(input, written[input.name]!))
  const wrong = read.find((one) => one instanceof Error)
  const tensors = read.filter((one): one is JsonTensor => !(one instanceof Error))
  const infer = useMutation({ mutationFn: () => inferTensors(endpoint.name, tensors) })
  return (
    <form
      className="try"
      onSubmit={(event) => {
        event.preventDefault()
        infer.mutate()
      }}
    >
      <div>
        <div className="try-fields wide">
          {inputs.map(({ name, datatype, shape }) => (
            <label key={name}>
              {name} · {datatype} [{shape.map((size) => (size < 0 ? 'n' : size)).join(', ')}]
              <textarea
                rows={3}
                spellCheck={false}
                value={written[name]}
                onChange={(event) => setWritten({ ...written, [name]: event.target.value })}
              />
            </label>
          ))}
        </div>
        <div className="buttons">
          <button type="submit" className="button go" disabled={infer.isPending || wrong !== undefined}>
            Infer
          </button>
        </div>
        <AsCode
          requests={{
            'Open Inference Protocol': {
              url: `${location.origin}/v2/models/${endpoint.name}/infer`,
              body: { inputs: tensors },
            },
          }}
        />
      </div>
      <div className="try-answer" aria-live="polite">
        {wrong && <p className="note">{wrong.message}</p>}
        {infer.isError && <InlineFailure error={infer.error} />}
        {infer.data?.map(({ name, datatype, shape, data }) => (
          <div key={name}>
            <p className="note">
              {name} · {datatype} [{shape.join(', ')}]
            </p>
            <pre className="try-tensor">{JSON.stringify(data)}</pre>
          </div>
        ))}
        {!infer.data && !infer.isError && !wrong && <p className="note">Nested or flat arrays, as JSON.</p>}
      </div>
    </form>
  )
}

/** The shape is that of what is written where it is nested, and the input's own where it is flat. */
function tensorOf({ name, datatype, shape }: TensorSpec, text: string): JsonTensor | Error {
  try {
    const data: unknown = JSON.parse(text)
    if (!Array.isArray(data)) return new Error(`${name} is no array.`)
    if (!Array.isArray(data[0])) return { name, datatype, shape: flatShape(shape, data.length), data }
    const nested: number[] = []
    for (let part: unknown = data; Array.isArray(part); part = part[0]) nested.push(part.length)
    return { name, datatype, shape: nested, data }
  } catch (error) {
    return new Error(`${name} is no JSON: ${(error as Error).message}`)
  }
}

/** The first dimension of any size takes what the others leave. */
function flatShape(shape: readonly number[], count: number): number[] {
  const open = shape.findIndex((size) => size < 0)
  const others = shape.reduce((product, size) => (size < 0 ? product : product * size), 1)
  return shape.map((size, d) => (d === open ? count / others : Math.max(1, size)))
}

function sampleOf({ datatype, shape }: TensorSpec): string {
  const sizes = shape.map((size) => Math.max(1, size))
  if (sizes.reduce((a, b) => a * b, 1) > MOST_WRITTEN) return '[]'
  const value: unknown = datatype === 'BYTES' ? 'text' : datatype === 'BOOL' ? true : 0
  return JSON.stringify(sizes.reduceRight<unknown>((inner, size) => new Array(size).fill(inner), value))
}
