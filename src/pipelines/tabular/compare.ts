import { readFile } from 'node:fs/promises'
import { type ChampionComparison, compareWithChampion } from '#evaluation'
import { takeRows } from '#platform/table'
import { loadModel } from '#runtime'
import type { Signature } from '#runtime/contract'
import { keptEnvironments } from '../environments.ts'
import { pick, type TrainingTable } from './table.ts'
import type { Trained } from './trained.ts'
import { withoutHeaders } from './without-headers.ts'

export interface Champion {
  readonly onnx: string
  readonly signature: Signature
  readonly version: number
  /** Rows up to here may have trained it, so it is compared on later ones only. */
  readonly trainedUntil: number | null
  /** Folder of Python environments, for one that Python answers for. */
  readonly environments: string
}

/** The candidate against the champion, on rows that neither was trained on; `null` when there is no such row. */
export async function compareOnFreshRows(
  table: TrainingTable,
  champion: Champion,
  evaluated: Pick<Trained['evaluated'], 'rows' | 'scores' | 'scoreWith'>,
  options: { segments: readonly string[]; metric: string | undefined },
): Promise<(ChampionComparison & { version: number }) | null> {
  const { trainedUntil } = champion
  const { rows, scores } = evaluated
  const { task } = table.problem
  const isFresh = (row: number) => trainedUntil === null || !table.times || table.times[row]! > trainedUntil
  const fresh = Int32Array.from(rows.keys()).filter((i) => isFresh(rows[i]!))
  if (fresh.length === 0) return null
  // One sees pictures, the other a table: they were never asked the same.
  if ((evaluated.scoreWith !== undefined) !== (champion.signature.image !== undefined)) return null
  const freshRows = Int32Array.from(fresh, (i) => rows[i]!)
  const { signature, environments } = champion
  const model = await loadModel(`the champion v${champion.version}`, await readFile(champion.onnx), signature, {
    environments: keptEnvironments(environments),
  })
  try {
    const comparison = compareWithChampion({
      task,
      truth: pick(table.target, freshRows),
      candidate: pick(scores, fresh, scores.length / rows.length),
      champion: await (evaluated.scoreWith?.(model, freshRows) ??
        model.predict(withoutHeaders(signature, takeRows(table.features, freshRows)))),
      frame: takeRows(table.all, freshRows),
      segments: options.segments,
      ...(options.metric && { metric: options.metric }),
    })
    return { ...comparison, version: champion.version }
  } finally {
    await model.close()
  }
}
