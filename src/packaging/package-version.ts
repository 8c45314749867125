import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobContext } from '#platform/jobs'
import { runInChild } from '#platform/process'
import type { ModelVersion } from '#registry/contract'
import type { Signature } from '#runtime/contract'
import type { PackagingOutcome, PackagingWishes } from './contract.ts'
import { convertModel, lockRequirements } from './convert.ts'
import { ParityBreached } from './errors.ts'
import { filesBeside, filesOf, layOut, onnxFile, readText } from './files.ts'
import { judgePackage } from './judge.ts'
import { type ConvertedFlavor, type LoggedFormat, readMlModel } from './mlmodel.ts'
import type { PackagingNeeds } from './needs.ts'
import { isBreached, type Parity, TOLERANCE } from './parity.ts'
import { takePythonModel } from './python-model.ts'
import { conversionRequirements, servingRequirements } from './requirements.ts'
import type { CheckParityInput } from './workers/check-parity.ts'
import type { TakenOnnx, TakeOnnxInput } from './workers/take-onnx.ts'

export interface PackagingInput extends PackagingWishes {
  model: string
  version: number
}

/** A package before it has been checked: files as blobs, so that the journal keeps where they are. */
interface Made {
  onnx: { hash: string; size: number }
  requests: string
  signature: Signature
  estimator: string | null
  versions: Record<string, string>
  /** Python answers for it: the file holds the model as it was logged. */
  python?: boolean
}

const MINUTES = 60_000
const MEMORY_MB = 2_048

/** Every step is journaled: after a restart the job goes on behind the last one that finished. */
export async function packageVersion(
  job: JobContext<PackagingInput>,
  needs: PackagingNeeds,
): Promise<PackagingOutcome> {
  const { registry, blobs, tracking } = needs
  const { model, version } = job.input
  const folder = join(needs.work, `packaging-${job.id}`)
  await mkdir(folder, { recursive: true })
  try {
    const found = await registry.version(model, version)
    const format = await job.step('read', async () =>
      readMlModel(await readText(blobs, await filesOf(tracking, found), 'MLmodel')),
    )
    const flavor = job.input.python ? 'python_function' : format.flavor
    const made = await make(job, needs, found, { ...format, flavor }, folder)
    const parity = await checkParity(job, needs, made)
    const { judged, gates, note, project, endpoint } = await job.step('judge', () =>
      judgePackage(
        needs,
        { name: `${model}@${version}`, model, hash: made.onnx.hash, signature: made.signature, parity },
        {
          project: job.input.project ?? found.project,
          wanted: job.input.project !== undefined,
          ...{ folder, signal: job.signal, onProgress: (progress) => job.progress(progress) },
        },
      ),
    )
    await job.step('attach', async () => {
      await registry.attachPackage(
        model,
        version,
        {
          ...{ project, endpoint, code: found.code, importance: [], trainedUntil: null },
          environment: { ...found.environment, ...made.versions },
          dataVersion: judged?.dataVersion ?? null,
          comparison: judged?.comparison ?? null,
          promisedLoss: judged?.promisedLoss ?? null,
          signature: made.signature,
          package: { format: flavor === 'python_function' ? 'python' : 'onnx', ...made.onnx, parity },
          releaseRequests: made.requests,
          metrics: judged?.report.metrics ?? {},
          ...(judged && { report: judged.report, baseline: judged.baseline }),
        },
        gates,
      )
      return null
    })
    return { flavor, estimator: made.estimator, parity: flavor === 'onnx' ? null : parity, judged: note }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function make(
  job: JobContext<PackagingInput>,
  needs: PackagingNeeds,
  version: ModelVersion,
  format: LoggedFormat,
  folder: string,
): Promise<Made> {
  const { flavor } = format
  if (flavor === 'onnx') return takeOnnx(job, needs, version, format, folder)
  if (flavor === 'python_function') return takePython(job, needs, version, format, folder)
  return convert(job, needs, version, { ...format, flavor }, folder)
}

function takeOnnx(
  job: JobContext<PackagingInput>,
  { blobs, tracking }: PackagingNeeds,
  version: ModelVersion,
  format: LoggedFormat,
  folder: string,
): Promise<Made> {
  return job.step('onnx', async () => {
    const files = await filesOf(tracking, version)
    const onnx = onnxFile(files, format.onnx!)
    const requests = join(folder, 'requests.jsonl')
    const bundle = join(folder, 'model.bundle')
    const beside: Record<string, string> = {}
    for (const [name, { hash }] of filesBeside(files, format.onnx!)) beside[name] = await blobs.path(hash)
    const input: TakeOnnxInput = {
      onnx: await blobs.path(onnx.hash),
      ...{ beside, bundle },
      columns: format.columns,
      label: format.label,
      task: job.input.task ?? null,
      classes: job.input.classes ?? null,
      example: format.example === null ? null : await readText(blobs, files, format.example),
      requests,
    }
    const { signature, bundled } = await runInChild<TakenOnnx>(
      new URL('./workers/take-onnx.ts', import.meta.url),
      input,
      {
        what: 'Opening the ONNX file',
        ...watched(job),
      },
    )
    return {
      onnx: bundled ? await blobs.putFile(bundle) : onnx,
      requests: (await blobs.putFile(requests)).hash,
      ...{ signature, estimator: null, versions: {} },
    }
  })
}

async function convert(
  job: JobContext<PackagingInput>,
  { blobs, tracking, environments }: PackagingNeeds,
  version: ModelVersion,
  format: LoggedFormat & { flavor: ConvertedFlavor },
  folder: string,
): Promise<Made> {
  const { signal } = job
  const onLine = (line: string) => job.progress({ message: line.slice(0, 200) })
  const lock = await job.step('lock', async () => {
    onLine('choosing the packages of its environment')
    const requirements = await readText(blobs, await filesOf(tracking, version), 'requirements.txt')
    const wanted = conversionRequirements(requirements, format.flavor)
    return lockRequirements(wanted, { folder: join(folder, 'lock'), python: format.python, signal, onLine })
  })
  return job.step('convert', async () => {
    const model = join(folder, 'model')
    await layOut(blobs, await filesOf(tracking, version), model)
    const converted = await convertModel(format, { lock, folder, model, environments, signal, onLine })
    const { signature, estimator, versions } = converted
    return {
      onnx: await blobs.putFile(converted.onnx),
      requests: (await blobs.putFile(converted.requests)).hash,
      ...{ signature, estimator, versions },
    }
  })
}

async function takePython(
  job: JobContext<PackagingInput>,
  { blobs, tracking, environments }: PackagingNeeds,
  version: ModelVersion,
  format: LoggedFormat,
  folder: string,
): Promise<Made> {
  const { signal } = job
  const onLine = (line: string) => job.progress({ message: line.slice(0, 200) })
  const lock = await job.step('lock', async () => {
    onLine('choosing the packages of its environment')
    const requirements = await readText(blobs, await filesOf(tracking, version), 'requirements.txt')
    const wanted = servingRequirements(requirements)
    return lockRequirements(wanted, { folder: join(folder, 'lock'), python: format.python, signal, onLine })
  })
  return job.step('python', async () => {
    const model = join(folder, 'model')
    const files = await filesOf(tracking, version)
    await layOut(blobs, files, model)
    const { task, classes } = job.input
    const wishes = { task: task ?? null, classes: classes ?? null }
    const taken = await takePythonModel(format, { ...wishes, lock, folder, model, environments, signal, onLine })
    return {
      onnx: await blobs.putFile(taken.package),
      requests: (await blobs.putFile(taken.requests)).hash,
      ...{ signature: taken.signature, estimator: null, versions: {}, python: true },
    }
  })
}

/** In the runtime that serves, whatever the converter said of it in another. */
function checkParity(
  job: JobContext<PackagingInput>,
  { blobs, environments }: PackagingNeeds,
  { onnx, requests, signature }: Made,
): Promise<Parity> {
  return job.step('parity', async () => {
    job.progress({ message: 'comparing the package with the logged model' })
    const input: CheckParityInput = {
      onnx: await blobs.path(onnx.hash),
      requests: await blobs.path(requests),
      signature,
      environments,
    }
    const parity = await runInChild<Parity>(new URL('./workers/check-parity.ts', import.meta.url), input, {
      what: 'Checking the package',
      ...watched(job),
    })
    if (isBreached(parity)) throw new ParityBreached(parity, TOLERANCE)
    return parity
  })
}

const watched = (job: JobContext<PackagingInput>) => ({
  timeoutMs: 15 * MINUTES,
  memoryMb: MEMORY_MB,
  signal: job.signal,
  onProgress: (progress: { message: string }) => job.progress(progress),
})
