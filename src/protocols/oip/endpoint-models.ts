import { mayDo, NotPermitted } from '#access'
import type { Principal } from '#platform/http'
import { outputNameOf, TensorInvalid, type Tensors } from '#runtime'
import { takesRecords } from '#runtime/contract'
import { type AnsweringEndpoint, EndpointUnknown, type Serving } from '#serving'
import type { InferRequest } from './codec/request.ts'
import { EndpointNotUnloaded, EndpointTensorInvalid, ModelUnknown, ModelVersionUnknown } from './errors.ts'
import type { InferenceModel, InferenceModels } from './models.ts'
import { PREDICTION_ID, recordsFromTensors, tabularInputs, tabularOutputs, tensorsFromPredictions } from './tabular.ts'

/** Asking one version by itself goes past the roll-out, so an application in production may not. */
const PAST_THE_ROLL_OUT = 'serving:try'

/** What of the registry is asked here: whether a version is there and packaged. It throws when it is not. */
export interface PackagedVersions {
  packaged(model: string, version: number): Promise<unknown>
}

/**
 * The models of a server: its endpoints by their names, answered as their roll-outs say; and any packaged version of a
 * registered model by its name and number, alone and unlogged.
 */
export function endpointModels({
  serving,
  registry,
}: {
  serving: Serving
  registry: PackagedVersions
}): InferenceModels {
  async function version(name: string, number: string, caller: Principal): Promise<InferenceModel> {
    if (!mayDo(caller.roles, PAST_THE_ROLL_OUT)) throw new NotPermitted(caller.name, caller.roles, PAST_THE_ROLL_OUT)
    const model = await serving.modelOf(name).catch((error) => {
      if (error instanceof EndpointUnknown) return name
      throw error
    })
    if (!/^[1-9]\d{0,8}$/.test(number)) throw new ModelVersionUnknown(name, number, 'Versions are numbers: 1, 2, 3.')
    await registry.packaged(model, Number(number))
    const { inputs, outputs } = await serving.version(model, Number(number), async ({ graph }) => graph)
    return {
      name,
      version: number,
      inputs,
      outputs,
      infer: async ({ id, feeds, wanted }) => ({
        model: name,
        version: number,
        id,
        outputs: await serving.version(model, Number(number), ({ graph }) => graph.run(feeds, wanted)),
      }),
    }
  }

  return {
    model: async (name, number, caller) => {
      if (number !== undefined && number !== '') return version(name, number, caller)
      const endpoint = await serving.answering(name)
      if (takesRecords(endpoint.signature)) return tabularModel(serving, endpoint)
      return endpoint.signature.image ? pictureModel(serving, endpoint) : tensorModel(serving, endpoint)
    },
    problems: () => serving.problems().map(({ endpoint, problem }) => `${endpoint}: ${problem}`),
    index: async () =>
      Promise.all(
        (await serving.endpointNames()).map(async (name) => {
          const { ready, problem } = serving.status(name)
          const number = ready ? String((await serving.answering(name)).version) : ''
          return { name, version: number, state: ready ? 'READY' : 'UNAVAILABLE', reason: problem ?? '' } as const
        }),
      ),
    counts: async (name) => {
      const names = await serving.endpointNames()
      if (name !== undefined && !names.includes(name)) throw new ModelUnknown(name, names)
      return (name === undefined ? names : [name]).flatMap((endpoint) =>
        serving.status(endpoint).versions.map(({ version: number, served, requests, failures, runs }) => ({
          ...{ name: endpoint, version: String(number), inferences: served },
          ...{ requests, failures, runs },
        })),
      )
    },
    load: (name) => serving.warm(name),
    unload: async (name) => {
      const names = await serving.endpointNames()
      throw names.includes(name) ? new EndpointNotUnloaded(name) : new ModelUnknown(name, names)
    },
  }
}

/** Tensors in, records through the same door as `/predict`, tensors out: routed, mixed, logged and traced like others. */
function tabularModel(serving: Serving, endpoint: AnsweringEndpoint): InferenceModel {
  const { name, signature } = endpoint
  const output = outputNameOf(signature)
  const outputs = tabularOutputs(signature, output)
  return {
    name,
    version: String(endpoint.version),
    inputs: tabularInputs(endpoint),
    outputs,
    infer: async ({ id, feeds, wanted, header }: InferRequest) => {
      checkOutputs(name, outputs, wanted)
      const records = recordsFromTensors(endpoint, feeds)
      const { predictions } = await serving.predict({ endpoint: name, records, requestId: id, header })
      const all = tensorsFromPredictions(signature, output, predictions)
      return { model: name, version: String(predictions[0]!.version), id, outputs: wanted ? pick(all, wanted) : all }
    },
  }
}

/**
 * Pixels, as the graph takes them; or pictures as they are in their files, in a tensor of BYTES called `picture`, which are
 * decoded, answered and logged as `/predict` does.
 */
function pictureModel(serving: Serving, endpoint: AnsweringEndpoint): InferenceModel {
  const { name, signature } = endpoint
  const pixels = tensorModel(serving, endpoint)
  const output = outputNameOf(signature)
  return {
    ...pixels,
    infer: async (request) => {
      const { picture } = request.feeds
      if (!picture || endpoint.graph.inputs.some((input) => input.name === PICTURES)) return pixels.infer(request)
      const { id, wanted } = request
      const outputs = tabularOutputs(signature, output)
      checkOutputs(name, outputs, wanted)
      const files = filesIn(name, request.feeds)
      const { predictions } = await serving.predict({
        endpoint: name,
        records: files.map(() => ({})),
        files,
        ...{ requestId: id, header: request.header },
      })
      const all = tensorsFromPredictions(signature, output, predictions)
      return { model: name, version: String(predictions[0]!.version), id, outputs: wanted ? pick(all, wanted) : all }
    },
  }
}

const PICTURES = 'picture'

/** @throws EndpointTensorInvalid */
function filesIn(endpoint: string, { picture, ...others }: Tensors): Uint8Array[] {
  const [other] = Object.keys(others)
  if (other !== undefined)
    throw new EndpointTensorInvalid(endpoint, other, 'it comes beside pictures', 'Send pictures, or pixels.')
  if (picture?.datatype !== 'BYTES' || picture.data.length === 0)
    throw new EndpointTensorInvalid(
      endpoint,
      PICTURES,
      'it holds no pictures',
      'Send the bytes of JPEG or PNG files as BYTES.',
    )
  return picture.data.map((file) => (typeof file === 'string' ? Buffer.from(file, 'base64') : file))
}

/** A graph that takes no records, answered by the version that the roll-out has for the request's id. */
function tensorModel(serving: Serving, { name, version, graph }: AnsweringEndpoint): InferenceModel {
  return {
    name,
    version: String(version),
    inputs: graph.inputs,
    outputs: graph.outputs,
    infer: async ({ id, feeds, wanted, header }) => {
      const answer = await serving.infer({ endpoint: name, id, feeds, wanted, header })
      const { version: number, outputs, predictionId } = answer
      const parameters = predictionId === undefined ? undefined : { [PREDICTION_ID]: predictionId }
      return { model: name, version: String(number), id, outputs, parameters }
    },
  }
}

/** @throws TensorInvalid */
function checkOutputs(name: string, outputs: readonly { name: string }[], wanted: readonly string[] | undefined): void {
  const unknown = wanted?.find((one) => !outputs.some((known) => known.name === one))
  if (unknown === undefined) return
  throw new TensorInvalid(name, unknown, 'the endpoint has no such output', `It gives ${namesOf(outputs)}.`)
}

const pick = (all: Tensors, wanted: readonly string[]): Tensors =>
  Object.fromEntries(wanted.map((name) => [name, all[name]!]))

const namesOf = (specs: readonly { name: string }[]) => specs.map(({ name }) => name).join(', ')
