import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withDuck } from '#data'
import { literal } from './rows.ts'
import { asideFolder } from './part.ts'
import { openTarget, type TargetAddress } from './target.ts'

export interface FinishInput {
  readonly job: string
  readonly folder: string
  readonly target: TargetAddress
}

export interface Finished {
  readonly scored: number
  readonly setAside: number
  readonly reasons: { reason: string; rows: number }[]
  readonly parts: number
  /** A Parquet file with the rows set aside. */
  readonly aside: string | null
}

const MOST_REASONS = 20

/** Puts the output in its place and adds up the manifests; does the same again when it was cut off. */
export async function finish({ job, folder, target: address }: FinishInput): Promise<Finished> {
  const target = await openTarget(address, job, folder)
  try {
    const folders = [folder, ...(address.kind === 'parquet' ? [dirname(address.path)] : [])]
    return await withDuck({ folders, spillTo: folder }, async (duck) => {
      const manifests = [...(await target.committed()).values()]
      await target.finish(duck)
      const reasons = new Map<string, number>()
      for (const manifest of manifests)
        for (const [reason, rows] of Object.entries(manifest.reasons))
          reasons.set(reason, (reasons.get(reason) ?? 0) + rows)
      const setAside = manifests.reduce((sum, one) => sum + one.setAside, 0)
      const aside = join(folder, 'aside.parquet')
      if (setAside > 0) {
        const files = (await readdir(asideFolder(folder)))
          .sort()
          .map((name) => literal(join(asideFolder(folder), name)))
        await duck.run(
          `COPY (SELECT * FROM read_parquet([${files.join(', ')}], union_by_name = true)) TO ${literal(aside)} (FORMAT parquet)`,
        )
      }
      return {
        scored: manifests.reduce((sum, { rows }) => sum + rows, 0),
        setAside,
        reasons: [...reasons]
          .map(([reason, rows]) => ({ reason, rows }))
          .sort((a, b) => b.rows - a.rows)
          .slice(0, MOST_REASONS),
        parts: manifests.length,
        aside: setAside > 0 ? aside : null,
      }
    })
  } finally {
    await target.close()
  }
}
