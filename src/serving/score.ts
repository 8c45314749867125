import type { LoadedModel, PartScores, Tensors } from '#runtime'
import { type PredictionRecord, RowBuffer } from '#runtime'

/** The part of a request that shares a run: its records and the number of the first one in its request. */
export interface RecordBlock {
  readonly records: readonly PredictionRecord[]
  readonly firstIndex: number
}

/** What every version says about each row of a batch, as far as it has said it. */
export interface BatchScores {
  readonly rows: number
  /** Where each block's rows begin; the error of a block that does not fit the champion's signature. */
  readonly blocks: readonly (number | Error)[]
  /** Rows × outputs by version; `NaN` where a version has no answer. */
  readonly byVersion: ReadonlyMap<number, Float64Array>
  /** Rows × numbers per row, of a champion that says where its pictures lie. */
  embedding?: { readonly width: number; readonly values: Float64Array }
  /** Of versions that are put together of others: what each part alone says. */
  readonly partsByVersion: ReadonlyMap<number, PartScores>
  /** By version the rows it could not score, and why. */
  readonly failures: ReadonlyMap<number, { rows: number; error: unknown }>
}

/** A batch that is being scored. */
export interface Scoring {
  readonly scores: BatchScores
  /** Those of `versions` that have not said what they say; of all when absent. */
  unsettled(versions?: Iterable<number>): readonly Promise<void>[]
}

/** What versions did, for who counts it. */
export interface ScoringObserver {
  ran(version: number, tookUs: number): void
  versionFailed(version: number, rows: number, tookUs: number): void
}

/** As `startScoring`, to its end. */
export async function scoreBlocks(
  blocks: readonly RecordBlock[],
  models: ReadonlyMap<number, LoadedModel>,
  champion: LoadedModel,
): Promise<BatchScores> {
  const { scores, unsettled } = startScoring(blocks, models, champion)
  await Promise.all(unsettled())
  return scores
}

/**
 * Scores blocks of records with every model, each run once. The champion's signature decides whether a block is
 * accepted; another version that cannot take a block, or fails, says nothing about its rows and fails nobody. Who answers waits for
 * the versions that the answer needs. Models that are placed inline run in this turn of the event loop: the batcher chose it.
 */
export function startScoring(
  blocks: readonly RecordBlock[],
  models: ReadonlyMap<number, LoadedModel>,
  champion: LoadedModel,
  observer?: ScoringObserver,
): Scoring {
  const capacity = blocks.reduce((total, block) => total + block.records.length, 0)
  const buffer = new RowBuffer(champion.signature, capacity)
  const offsets = blocks.map((block) => appendBlock(buffer, block))
  const encoded = buffer.encoded()
  const { rows } = encoded
  const failures = new Map<number, { rows: number; error: unknown }>()
  const byVersion = new Map<number, Float64Array>()
  const partsByVersion = new Map<number, PartScores>()
  const scores: BatchScores = { rows, blocks: offsets, byVersion, partsByVersion, failures }
  const running = new Map<number, Promise<void>>()
  const scoring: Scoring = {
    scores,
    unsettled: (versions) => {
      if (!versions) return [...running.values()]
      const some: Promise<void>[] = []
      for (const version of versions) {
        const run = running.get(version)
        if (run) some.push(run)
      }
      return some
    },
  }
  if (rows === 0) return scoring

  const accepted = blocks.filter((_, b) => typeof offsets[b] === 'number')
  const shared = new Map<string, SharedFeeds>([[champion.featuresKey, { feeds: champion.feeds(encoded), unfit: [] }]])
  for (const [version, model] of models) running.set(version, runVersion(version, model))
  return scoring

  /** Never rejects. */
  async function runVersion(version: number, model: LoadedModel): Promise<void> {
    const began = performance.now()
    const tookUs = () => (performance.now() - began) * 1000
    const fail = (failed: number, error: unknown) => {
      failures.set(version, { rows: failed, error })
      observer?.versionFailed(version, failed, tookUs())
    }
    try {
      let inputs = shared.get(model.featuresKey)
      if (!inputs) {
        inputs = otherFeeds(model, accepted, rows)
        shared.set(model.featuresKey, inputs)
      }
      const tellParts = (parts: PartScores) => partsByVersion.set(version, parts)
      const answers =
        model === champion && model.signature.image?.embedding !== undefined
          ? await withEmbedding(inputs.feeds)
          : await model.run(inputs.feeds, rows, tellParts, true)
      observer?.ran(version, tookUs())
      let failed = 0
      let error: unknown
      for (const block of inputs.unfit) {
        answers.fill(Number.NaN, block.from * model.outputs, (block.from + block.rows) * model.outputs)
        failed += block.rows
        error = block.error
      }
      if (failed > 0) fail(failed, error)
      byVersion.set(version, answers)
    } catch (error) {
      fail(rows, error)
    } finally {
      running.delete(version)
    }
  }

  async function withEmbedding(feeds: Tensors): Promise<Float64Array> {
    const answer = await champion.runWithEmbedding(feeds, rows)
    scores.embedding = { width: answer.embedding.length / rows, values: answer.embedding }
    return answer.scores
  }
}

interface SharedFeeds {
  readonly feeds: Tensors
  readonly unfit: readonly { from: number; rows: number; error: unknown }[]
}

function appendBlock(buffer: RowBuffer, block: RecordBlock): number | Error {
  try {
    return buffer.append(block.records, block.firstIndex)
  } catch (error) {
    return error as Error
  }
}

/** The same rows for a version that takes other features; a block it cannot take keeps its place without values. */
function otherFeeds(model: LoadedModel, blocks: readonly RecordBlock[], rows: number): SharedFeeds {
  const buffer = new RowBuffer(model.signature, rows)
  const unfit: { from: number; rows: number; error: unknown }[] = []
  for (const block of blocks) {
    const offset = appendBlock(buffer, block)
    if (typeof offset === 'number') continue
    unfit.push({ from: buffer.appendMissing(block.records.length), rows: block.records.length, error: offset })
  }
  return { feeds: model.feeds(buffer.encoded()), unfit }
}
