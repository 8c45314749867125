import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Blobs } from '#platform/blobs'
import type { Storage } from '#platform/storage'
import type { DatasetSpec } from '../contract.ts'
import { TableEmpty } from '../errors.ts'
import type { Asked } from './check.ts'
import { placeOf } from './place.ts'
import type { BroughtFile } from './resolved.ts'
import { type StoredUpload, uploadsOf } from './store.ts'

/** The prediction log, as a source of rows whose labels came later. `serving` provides it. */
export interface PredictionLog {
  /** Served and labelled, in the order in which labels became known, as they are known now. */
  labelled(endpoint: string): AsyncIterable<{
    readonly inputs: Readonly<Record<string, number | string | boolean | null>>
    readonly label: string
    readonly eventTime: number
  }>
  state(endpoint: string): Promise<LogState>
}

export interface LogState {
  readonly predictions: number
  readonly labelled: number
  /** Labels that became others. */
  readonly corrected: number
  readonly latest: number | undefined
}

/** What only a server knows of: uploads, and its own prediction log. */
export interface ServerSources {
  /**
   * The file of a source that a child process cannot reach, `undefined` for all others.
   *
   * @param folder where it is left, when it has to be written
   * @throws TableEmpty when there is nothing yet
   */
  bring(of: { project: string; dataset: string; spec: DatasetSpec; folder: string }): Promise<BroughtFile | undefined>
  /** As `lookOfSource`, of uploads and the prediction log; `undefined` for all others. */
  look(project: string, dataset: string, spec: DatasetSpec): Promise<string | undefined>
  ask(project: string, dataset: string, spec: DatasetSpec, place: 'upload' | 'predictions'): Promise<Asked>
}

export function openServerSources(needs: { storage: Storage; blobs: Blobs; log: PredictionLog }): ServerSources {
  const { storage, blobs, log } = needs
  const newest = async (project: string, dataset: string) => (await uploadsOf(storage, project, dataset, 1, true))[0]

  return {
    bring: async ({ project, dataset, spec, folder }) => {
      const place = placeOf(spec.source, spec)
      if (place === 'upload') {
        const upload = await newest(project, dataset)
        if (!upload) throw nothingSent(spec, dataset)
        return uploadedFile(blobs, upload)
      }
      if (place !== 'predictions') return undefined
      await mkdir(folder, { recursive: true })
      const path = join(folder, 'predictions.jsonl')
      const counted = await writeLabelled(log, spec, path)
      if (counted.rows === 0) {
        const todo = 'Tell the true labels of some predictions: POST /feedback.'
        throw new TableEmpty(spec.source, 'has no labelled predictions yet', todo)
      }
      const what = `${counted.rows.toLocaleString('en-US')} labelled predictions`
      return { path, name: `${endpointOf(spec)}.jsonl`, at: counted.latest, what }
    },
    look: async (project, dataset, spec) => {
      const place = placeOf(spec.source, spec)
      if (place === 'upload') return (await newest(project, dataset))?.id
      if (place !== 'predictions') return undefined
      const { labelled, corrected } = await log.state(endpointOf(spec))
      return `${spec.source} ${labelled} ${corrected}`
    },
    ask: async (project, dataset, spec, place) => {
      if (place === 'upload') {
        const upload = await newest(project, dataset)
        if (!upload) throw nothingSent(spec, dataset)
        return { message: upload.name, changedAt: upload.at, bytes: upload.bytes, files: 1 }
      }
      const { predictions, labelled, latest } = await log.state(endpointOf(spec))
      const number = (n: number) => n.toLocaleString('en-US')
      return {
        message: `${number(labelled)} of ${number(predictions)} predictions are labelled`,
        changedAt: latest ?? null,
      }
    },
  }
}

const nothingSent = ({ source }: DatasetSpec, dataset: string) =>
  new TableEmpty(source, `holds no table of ${dataset} yet`, `Send one: orrery data upload ${dataset} <file>.`)

export async function uploadedFile(blobs: Blobs, upload: StoredUpload): Promise<BroughtFile> {
  const { name, at, by } = upload
  return { path: await blobs.path(upload.blobHash), name, at, what: `${name}, uploaded by ${by}` }
}

const endpointOf = ({ source }: DatasetSpec) => source.slice('predictions://'.length)

/** Under the data set's own names for the label and the time, so that the rows fit those of another source of it. */
async function writeLabelled(log: PredictionLog, spec: DatasetSpec, path: string) {
  const label = spec.label ?? 'label'
  const time = spec.time?.[0] ?? 'event_time'
  const counted = { rows: 0, latest: 0 }
  async function* lines() {
    for await (const { inputs, label: truth, eventTime } of log.labelled(endpointOf(spec))) {
      counted.rows++
      counted.latest = Math.max(counted.latest, eventTime)
      yield `${JSON.stringify({ [time]: new Date(eventTime).toISOString(), ...inputs, [label]: truth })}\n`
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
  return counted
}
