/** The runs that are searched: the same ones for both servers. */

export const SEARCHED = 'searched'

/** About a twelfth of the runs. */
export const SEARCH = {
  filter: "metrics.accuracy > 0.5 and params.kind = 'trees' and tags.team = 'green'",
  order_by: ['metrics.accuracy DESC'],
  max_results: 100,
}

const KINDS = ['trees', 'linear', 'network']
const TEAMS = ['green', 'blue']
const START = Date.UTC(2026, 0, 1)

/** The i-th run: 10 metrics, 5 params, 3 tags; what is searched by is spread evenly and without order. */
export function filledRun(i: number) {
  const spread = (salt: number) => mixed(i * 32 + salt) / 2 ** 32
  return {
    id: i.toString(16).padStart(32, '0'),
    name: `run-${i}`,
    startedAt: START + i * 1_000,
    endedAt: START + i * 1_000 + 500,
    params: {
      kind: KINDS[Math.floor(spread(1) * KINDS.length)]!,
      depth: String(Math.floor(spread(2) * 10)),
      rate: spread(3).toFixed(3),
      seed: String(i),
      features: 'all',
    },
    tags: { team: TEAMS[Math.floor(spread(4) * TEAMS.length)]!, stage: 'research', 'mlflow.user': 'ada' },
    metrics: Object.fromEntries([
      ['accuracy', spread(5)],
      ...Array.from({ length: 9 }, (_, m) => [`metric_${m}`, spread(10 + m)] as const),
    ]) as Record<string, number>,
  }
}

/** The finisher of MurmurHash3: neighbours end far apart. */
function mixed(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
