import { type Distribution, type LossProfile, lossProfile } from '#evaluation'
import type { Baseline } from '#pipelines'
import type { Column } from '#platform/table'
import type { Registry } from '#registry'
import type { EvaluatedVersion, Signature } from '#registry/contract'

/** What the monitors hold traffic and labels against: what never changes of a version. */
export type VersionFacts = Pick<EvaluatedVersion, 'version' | 'signature' | 'promisedLoss' | 'metrics' | 'trainedUntil'>

/** A champion with what drift is measured against; absent parts (a model trained elsewhere) are not watched. */
export interface ChampionFacts extends VersionFacts {
  readonly baseline: Distribution | undefined
  /** Held-back losses by bin, to price a drift by. */
  readonly profile: LossProfile | undefined
}

export interface Versions {
  facts(model: string, version: number): Promise<VersionFacts>
  champion(model: string, version: number): Promise<ChampionFacts>
}

/** Facts are small and many stay; a baseline is large, and only a champion's is looked at. */
const MOST_FACTS = 500
const MOST_CHAMPIONS = 20

export function openVersions(registry: Pick<Registry, 'evaluated' | 'baseline'>): Versions {
  const facts = new Map<string, Promise<VersionFacts>>()
  const champions = new Map<string, Promise<ChampionFacts>>()

  const factsOf = (model: string, version: number) =>
    kept(facts, MOST_FACTS, `${model}@${version}`, async () => {
      const { signature, promisedLoss, metrics, trainedUntil } = await registry.evaluated(model, version)
      return { version, signature, promisedLoss, metrics, trainedUntil }
    })

  return {
    facts: factsOf,
    champion: (model, version) =>
      kept(champions, MOST_CHAMPIONS, `${model}@${version}`, async () => {
        const found = await factsOf(model, version)
        const { features, priced } = ((await registry.baseline(model, version)) ?? {}) as Partial<Baseline>
        return {
          ...found,
          baseline: features,
          profile: features && priced && profileOf(priced, found.signature, features),
        }
      }),
  }
}

/** The newest `most` results of `make`; a failure is asked again. */
function kept<Value>(
  cache: Map<string, Promise<Value>>,
  most: number,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = cache.get(key)
  if (known) return known
  const made = make()
  cache.set(key, made)
  made.catch(() => cache.delete(key))
  if (cache.size > most) cache.delete(cache.keys().next().value!)
  return made
}

function profileOf(priced: Baseline['priced'], signature: Signature, baseline: Distribution): LossProfile | undefined {
  const { losses } = priced
  if (losses.length === 0) return undefined
  const columns = signature.features.flatMap(({ name, kind }): Column[] => {
    const cells = priced.rows[name]
    if (!cells) return []
    if (kind === 'numeric')
      return [
        { name, kind, values: Float64Array.from(cells, (cell) => (typeof cell === 'number' ? cell : Number.NaN)) },
      ]
    const categories = [...new Set(cells.filter((cell) => cell !== null).map(String))]
    const codes = new Map(categories.map((category, code) => [category, code]))
    return [
      {
        name,
        kind,
        codes: Int32Array.from(cells, (cell) => (cell === null ? -1 : codes.get(String(cell))!)),
        categories,
      },
    ]
  })
  return lossProfile({ rows: losses.length, columns }, Float64Array.from(losses), baseline)
}
