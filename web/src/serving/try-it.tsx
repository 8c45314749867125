import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Endpoint } from '#deployments/contract'
import type { Signature } from '#registry/contract'
import { Contributions } from '../charts/contributions.tsx'
import { Asked } from '../shell/asked.tsx'
import { InlineFailure } from '../shell/failure.tsx'
import { Skeleton } from '../shell/parts.tsx'
import { ask, server } from '../shell/server.ts'
import { Answer } from './answer.tsx'
import { AsCode } from './as-code.tsx'
import type { WrittenRequest } from './request-code.ts'
import { TryPicture } from './try-picture.tsx'
import { TryTensors } from './try-tensors.tsx'
import './serving.css'

type Written = Record<string, string>

/** One record by hand through the real route, with the fields of the signature and the values of a recent prediction. */
export function TryIt({ endpoint }: { endpoint: Endpoint }) {
  const champion = endpoint.champion
  const version = useQuery({
    ...ask('registry', 'getVersion', { params: { model: endpoint.model, version: champion ?? 1 } }),
    enabled: champion !== null,
  })
  const recent = useQuery(
    ask('serving', 'listPredictions', { params: { endpoint: endpoint.name }, query: { limit: 1 } }),
  )
  if (champion === null) return <p className="note">No version answers yet.</p>
  return (
    <Asked query={version} skeleton={<Skeleton lines={4} />}>
      {({ signature }) => (
        <Asked query={recent} skeleton={<Skeleton lines={4} />}>
          {({ predictions }) =>
            signature && (
              <>
                <TryOne endpoint={endpoint} signature={signature} inputs={predictions[0]?.inputs ?? {}} />
                <p className="note">
                  For generated clients: <a href={openApiOf(endpoint)}>OpenAPI of this endpoint</a>.
                </p>
              </>
            )
          }
        </Asked>
      )}
    </Asked>
  )
}

const openApiOf = ({ name }: Endpoint) => `/api/endpoints/${encodeURIComponent(name)}/openapi.json`

function TryOne(of: { endpoint: Endpoint; signature: Signature; inputs: Inputs }) {
  if (of.signature.image) return <TryPicture {...of} />
  return of.signature.tensors ? <TryTensors {...of} /> : <Form {...of} />
}

interface Field {
  name: string
  numeric: boolean
  categories: readonly string[] | undefined
}

type Inputs = Record<string, string | number | boolean | null>

/** What the signature takes, after what else was sent with the latest prediction, such as its time. */
function fieldsOf(signature: Signature, inputs: Inputs): Field[] {
  const features = signature.features.map(({ name, kind, categories }) => ({
    name,
    numeric: kind === 'numeric',
    categories,
  }))
  const others = Object.keys(inputs).filter((name) => !features.some((feature) => feature.name === name))
  return [...others.map((name) => ({ name, numeric: false, categories: undefined })), ...features]
}

function Form({ endpoint, signature, inputs }: { endpoint: Endpoint; signature: Signature; inputs: Inputs }) {
  // Taken once: a newer prediction must not overwrite what is being written.
  const [fields] = useState(() => fieldsOf(signature, inputs))
  const [written, setWritten] = useState<Written>(() =>
    Object.fromEntries(fields.map(({ name }) => [name, inputs[name] === null ? '' : String(inputs[name] ?? '')])),
  )
  const [explain, setExplain] = useState(false)
  const predict = useMutation({
    mutationFn: () =>
      server.serving.predict({
        params: { endpoint: endpoint.name },
        body: { records: [recordOf(written, fields)], ...(explain && { explain }) },
      }),
  })
  const answer = predict.data?.predictions[0]
  return (
    <form
      className="try"
      onSubmit={(event) => {
        event.preventDefault()
        predict.mutate()
      }}
    >
      <div>
        <div className="try-fields">
          {fields.map(({ name, numeric, categories }) => (
            <label key={name}>
              {name}
              <input
                value={written[name] ?? ''}
                inputMode={numeric ? 'decimal' : 'text'}
                placeholder="missing"
                list={categories ? `values-of-${name}` : undefined}
                onChange={(event) => setWritten({ ...written, [name]: event.target.value })}
              />
              {categories && (
                <datalist id={`values-of-${name}`}>
                  {categories.map((category) => (
                    <option key={category} value={category} />
                  ))}
                </datalist>
              )}
            </label>
          ))}
        </div>
        <div className="buttons">
          <button type="submit" className="button go" disabled={predict.isPending}>
            Predict
          </button>
          <label className="check">
            <input type="checkbox" checked={explain} onChange={(event) => setExplain(event.target.checked)} />
            and say why
          </label>
        </div>
        <AsCode requests={requestsOf(endpoint, signature, recordOf(written, fields))} />
      </div>
      <div className="try-answer" aria-live="polite">
        {predict.isError && <InlineFailure error={predict.error} />}
        {!answer && !predict.isError && (
          <p className="note">
            Filled in from the latest prediction. The answer is logged like any other and can be traced; it counts as
            traffic.
          </p>
        )}
        {answer && <Answer endpoint={endpoint} signature={signature} answer={answer} />}
      </div>
      {answer?.contributions !== undefined && (
        <div className="try-why">
          {answer.contributions === null ? (
            <p className="note">Nothing tells why: no held-back rows were kept with the version that answered.</p>
          ) : (
            <Contributions
              contributions={answer.contributions.map((one) => ({
                ...one,
                value: String(recordOf(written, fields)[one.feature] ?? 'missing'),
              }))}
            />
          )}
        </div>
      )}
    </form>
  )
}

/** The same question in each protocol that the endpoint speaks. */
function requestsOf(
  { name }: Endpoint,
  { features }: Signature,
  record: Record<string, string | number | null>,
): Record<string, WrittenRequest> {
  const inputs = features.map((feature) => {
    const datatype = feature.kind === 'numeric' ? 'FP64' : 'BYTES'
    return {
      name: feature.name,
      shape: [1],
      datatype,
      data: [record[feature.name] ?? (datatype === 'FP64' ? null : '')],
    }
  })
  return {
    '/predict': { url: `${location.origin}/predict/${name}`, body: { records: [record] } },
    'Open Inference Protocol': { url: `${location.origin}/v2/models/${name}/infer`, body: { inputs } },
    'MLflow /invocations': {
      url: `${location.origin}/endpoints/${name}/invocations`,
      body: { dataframe_records: [record] },
    },
  }
}

/** An empty field is a missing value; a numeric feature's text that is no number is left for the server to refuse. */
function recordOf(written: Written, fields: readonly Field[]): Record<string, string | number | null> {
  return Object.fromEntries(
    fields.map(({ name, numeric }) => {
      const text = written[name]?.trim() ?? ''
      if (text === '') return [name, null]
      const number = Number(text)
      return [name, numeric && Number.isFinite(number) ? number : text]
    }),
  )
}
