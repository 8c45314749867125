import { readFile } from 'node:fs/promises'
import { findPicture } from '#data'
import { type PerturbedAnswers, robustnessFrom, seededRandom } from '#evaluation'
import { contactSheet, type Disturbance, disturb, disturbanceName, type Pixels, readPicture } from '#pictures'
import type { Column, Frame } from '#platform/table'
import type { CommandTraining, TrainingData } from '#projects/contract'
import { type LoadedModel, loadModel, pixelFeeds } from '#runtime'
import type { ImageInput, Signature } from '#runtime/contract'
import type { HeldBack } from '../tabular/held-back.ts'
import { signatureOf } from '../tabular/signature.ts'
import { pick, type TrainingTable, youngest } from '../tabular/table.ts'
import type { Trained } from '../tabular/trained.ts'
import type { LeftByCommand } from '../tabular/training.ts'
import type { PictureModel } from './picture-model.ts'
import type { TablePictures } from './table-pictures.ts'

const AT_ONCE = 4
const BATCH = 32
/** Train rows whose embeddings make the baseline. */
const MOST_BASELINE = 2_000
/** Pictures that are disturbed: each is asked once per disturbance. */
const MOST_DISTURBED = 400
/** Requests that travel with a version: a picture is as large as a thousand rows. */
const MOST_REQUESTS = 100
/** Wrong pictures of each kind on the contact sheet. */
const MOST_SHOWN = 40
/** Around what was taken for the second class, and for the first. */
const FRAMES = ['#e66101', '#2c7bb6']
const MOST_REQUEST_BYTES = 4 * 1024 * 1024

/** What no answer should depend on: certification asks for it. */
const DISTURBANCES: readonly Disturbance[] = [
  { kind: 'noise', level: 0.02 },
  { kind: 'noise', level: 0.05 },
  { kind: 'blur', radius: 0.7 },
  { kind: 'blur', radius: 1 },
  { kind: 'crop', share: 0.1 },
  { kind: 'mirror' },
]

/** A model of pictures as one to be judged: its answers on the test pictures, and the table with what it embeds them to. */
export interface TakenPictureModel {
  readonly trained: Trained
  readonly table: TrainingTable
}

/**
 * The model of pictures that a command left. It was handed no test pictures, so it is judged on them; what it said in training
 * is compared with what the server says about the same files.
 *
 * @throws PictureGone, ModelBroken
 */
export async function takePictureModel(
  table: TrainingTable & { pictures: TablePictures },
  {
    set,
    training,
    split,
  }: {
    set: TrainingData
    training: Omit<CommandTraining, 'environment'> & LeftByCommand & { pictures: PictureModel }
    split: HeldBack
  },
  progress: (message: string, fraction?: number) => void,
): Promise<TakenPictureModel> {
  const { answers: said, ...form } = training.pictures
  const image: ImageInput = { ...set.pictures!, ...form }
  const command = typeof training.run === 'string' ? training.run : training.run.mlproject
  const onnx = await readFile(training.onnx)
  const { problem } = table
  const plain = signatureOf(table.features, problem, set.label)
  const model = await loadModel(`the model of "${command}"`, onnx, { ...plain, image })
  const seen = openPictures(model, image, table.pictures)

  const test = await seen.answers(split.test, (done) => progress('answering the test pictures', done))
  const baselineRows = everyNth(split.train, MOST_BASELINE)
  const trainedOn = await seen.answers(baselineRows, (done) => progress('embedding pictures of the training', done))
  const compared = split.validation.subarray(0, said.length)
  const ours = await seen.answers(compared, (done) => progress('comparing with the training', done))
  const features = withEmbedding(table.features, [
    { rows: split.test, ...test },
    { rows: baselineRows, ...trainedOn },
  ])
  const signature: Signature = { ...signatureOf(features, problem, set.label), image }
  const disturbed = everyNth(split.test, MOST_DISTURBED)
  const trained: Trained = {
    signature,
    onnx,
    model: null,
    evaluated: {
      rows: split.test,
      scores: test.scores,
      predict: () => Promise.reject(new Error('what is measured of a picture does not answer for it')),
      robustness: async (metric) => {
        const { whole, answered } = await seen.disturbedAnswers(disturbed, progress)
        return robustnessFrom(problem.task, pick(table.target, disturbed), whole, answered, metric ? { metric } : {})
      },
      scoreWith: async (other, rows) =>
        (await openPictures(other, other.signature.image!, table.pictures).answers(rows)).scores,
    },
    testRows: split.test,
    trainedUntil: table.times
      ? youngest(pick(table.times, Int32Array.from([...split.train, ...split.validation])))
      : null,
    baselineRows,
    answersFor: async (rows) => (await seen.answers(rows)).scores,
    preparation: null,
    packaged: {
      sheet:
        problem.task === 'binary'
          ? await seen.wrongPictures(split.test, pick(table.target, split.test), test.scores)
          : null,
      parity: parityOf(ours.scores, said),
      requests: await seen.requests(everyNth(split.test, MOST_REQUESTS)),
    },
    importance: [],
    trials: [],
    trainer: command,
    environment: training.environment,
    summary: command,
    close: () => model.close(),
  }
  return { trained, table: { ...table, features } }
}

function openPictures(model: LoadedModel, image: ImageInput, { places, hashes, files }: TablePictures) {
  const bytesOf = (row: number) => findPicture(places, { hash: hashes[row]!, file: files[row]! })

  async function pixelsOf(rows: Int32Array): Promise<Pixels[]> {
    const pixels: Pixels[] = []
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const some = Array.from(rows.subarray(from, from + AT_ONCE))
      for (const picture of await Promise.all(some.map(async (row) => readPicture(await bytesOf(row), image))))
        pixels.push(picture.pixels)
    }
    return pixels
  }

  const ask = (pixels: readonly Pixels[]) => model.runWithEmbedding(pixelFeeds(image, pixels), pixels.length)

  return {
    /** Answers and embeddings, a few pictures in memory at a time. */
    async answers(rows: Int32Array, progress: (done: number) => void = () => {}) {
      const scores = new Float64Array(rows.length * model.outputs)
      let embedding = new Float64Array()
      for (let from = 0; from < rows.length; from += BATCH) {
        progress(from / rows.length)
        const some = rows.subarray(from, from + BATCH)
        const answer = await ask(await pixelsOf(some))
        scores.set(answer.scores, from * model.outputs)
        const width = answer.embedding.length / some.length
        if (from === 0) embedding = new Float64Array(rows.length * width)
        embedding.set(answer.embedding, from * width)
      }
      return { scores, embedding }
    },

    async disturbedAnswers(rows: Int32Array, progress: (message: string, fraction?: number) => void) {
      const whole = new Float64Array(rows.length * model.outputs)
      const answers = DISTURBANCES.map(() => new Float64Array(whole.length))
      const chance = seededRandom(1)
      for (let from = 0; from < rows.length; from += BATCH) {
        progress('disturbing pictures', from / rows.length)
        const pixels = await pixelsOf(rows.subarray(from, from + BATCH))
        whole.set((await ask(pixels)).scores, from * model.outputs)
        for (const [d, disturbance] of DISTURBANCES.entries()) {
          const changed = pixels.map((one) => disturb(one, disturbance, chance))
          answers[d]!.set((await ask(changed)).scores, from * model.outputs)
        }
      }
      const answered = DISTURBANCES.map(
        (disturbance, d): PerturbedAnswers => ({
          perturbation: { kind: 'picture', change: disturbanceName(disturbance) },
          answers: answers[d]!,
        }),
      )
      return { whole, answered }
    },

    /** The wrong answers that were surest, as a contact sheet: above what was taken for the second class, below for the first. */
    async wrongPictures(rows: Int32Array, truth: Float64Array, scores: Float64Array): Promise<Buffer | null> {
      const surest = (answered: 0 | 1) =>
        Array.from(rows.keys())
          .filter((i) => truth[i] !== answered && (scores[i]! >= 0.5 ? 1 : 0) === answered)
          .sort((a, b) => Math.abs(scores[b]! - 0.5) - Math.abs(scores[a]! - 0.5))
          .slice(0, MOST_SHOWN)
          .map((i) => rows[i]!)
      const groups = [surest(1), surest(0)]
      if (groups.every((group) => group.length === 0)) return null
      const shown = await Promise.all(groups.map((group) => pixelsOf(Int32Array.from(group))))
      return contactSheet(shown.map((pictures, g) => ({ colour: FRAMES[g]!, pictures })))
    },

    /** Held-out pictures as a client sends them, with the answers: JSON lines. */
    async requests(rows: Int32Array): Promise<string> {
      const lines: string[] = []
      let bytes = 0
      for (const row of rows) {
        const file = await bytesOf(row)
        bytes += file.length
        if (lines.length > 0 && bytes > MOST_REQUEST_BYTES) break
        const { pixels } = await readPicture(file, image)
        const { scores } = await ask([pixels])
        lines.push(JSON.stringify({ record: { picture: file.toString('base64') }, answer: Array.from(scores) }))
      }
      return `${lines.join('\n')}\n`
    },
  }
}

/** The table's measures of each picture, and where the model sees it; NaN where it was not asked. */
function withEmbedding(features: Frame, parts: readonly { rows: Int32Array; embedding: Float64Array }[]): Frame {
  const width = parts[0]!.embedding.length / Math.max(1, parts[0]!.rows.length)
  const columns = Array.from({ length: width }, (_, k): Column => {
    const values = new Float64Array(features.rows).fill(Number.NaN)
    for (const { rows, embedding } of parts)
      for (let i = 0; i < rows.length; i++) values[rows[i]!] = embedding[i * width + k]!
    return { name: `embedding_${k + 1}`, kind: 'numeric', values }
  })
  return { rows: features.rows, columns: [...features.columns, ...columns] }
}

function parityOf(ours: Float64Array, said: readonly number[]) {
  let maxAbsDifference = 0
  for (let i = 0; i < said.length && i < ours.length; i++)
    maxAbsDifference = Math.max(maxAbsDifference, Math.abs(ours[i]! - said[i]!))
  return { maxAbsDifference, maxScaledDifference: maxAbsDifference, rows: Math.min(said.length, ours.length) }
}

function everyNth(rows: Int32Array, most: number): Int32Array {
  const step = Math.max(1, Math.ceil(rows.length / most))
  return rows.filter((_, i) => i % step === 0)
}
