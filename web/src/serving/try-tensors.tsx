import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Endpoint } from '#deployments/contract'
import type { Signature } from '#registry/contract'
import { InlineFailure } from '../shell/failure.tsx'
import { AsCode } from './as-code.tsx'
import { inferTensors, type JsonTensor } from './ask-endpoint.ts'
import { sampleOf, tensorOf } from './written-tensor.ts'

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
