/** A limit of requests a second per endpoint: a bucket that fills at the rate and holds one second of it. */
export interface Rates {
  /** Whether one more request may be answered now. */
  take(endpoint: string, perSecond: number): boolean
}

/** @param now ms that only ever grow */
export function createRates(now: () => number): Rates {
  const buckets = new Map<string, { left: number; at: number }>()
  return {
    take: (endpoint, perSecond) => {
      const at = now()
      const most = Math.max(1, perSecond)
      const bucket = buckets.get(endpoint)
      const left = bucket ? Math.min(most, bucket.left + ((at - bucket.at) / 1000) * perSecond) : most
      buckets.set(endpoint, { left: left >= 1 ? left - 1 : left, at })
      return left >= 1
    },
  }
}
