/** Ids that a request is answering just now: another request for one of them waits until it is answered and logged. */
export interface Claims {
  /** Resolves when all `ids` are the caller's; it must call what it got when it is done. */
  take(ids: readonly string[]): Promise<() => void>
}

export function createClaims(): Claims {
  const claimed = new Map<string, Promise<void>>()
  return {
    take: async (ids) => {
      for (;;) {
        const others = ids.map((id) => claimed.get(id)).filter((claim) => claim !== undefined)
        if (others.length === 0) break
        await Promise.all(others)
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      for (const id of ids) claimed.set(id, promise)
      return () => {
        for (const id of ids) claimed.delete(id)
        resolve()
      }
    },
  }
}
