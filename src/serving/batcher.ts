/**
 * Puts what is asked in one turn of the event loop into one batch: at one request at a time nothing waits for a
 * partner, and under load the batches grow by themselves. No timer: a timer would cost every lone request its length.
 */
export interface Batcher<Item, Result> {
  /** Resolves with the item's own result. */
  add(item: Item): Promise<Result>
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * @param run answers a batch: one result or error per item, in order
 * @param limit most `weight` of a batch; an item heavier than that goes alone
 */
export function createBatcher<Item, Result>({
  run,
  weight,
  limit,
}: {
  run: (items: Item[]) => Promise<(Result | Error)[]>
  weight: (item: Item) => number
  limit: number
}): Batcher<Item, Result> {
  let waiting: Waiting<Item, Result>[] = []
  let scheduled = false

  function flush(): void {
    scheduled = false
    const batch = takeBatch()
    // The rest goes in the next turn: between two batches the loop reads and answers other requests.
    if (waiting.length > 0) schedule()
    run(batch.map(({ item }) => item)).then(
      (results) => {
        for (let i = 0; i < batch.length; i++) {
          const result = results[i]!
          if (result instanceof Error) batch[i]!.reject(result)
          else batch[i]!.resolve(result)
        }
      },
      (error) => {
        for (const { reject } of batch) reject(error)
      },
    )
  }

  function takeBatch(): Waiting<Item, Result>[] {
    let taken = 0
    let total = 0
    while (taken < waiting.length) {
      total += weight(waiting[taken]!.item)
      if (taken > 0 && total > limit) break
      taken++
    }
    const batch = waiting.slice(0, taken)
    waiting = waiting.slice(taken)
    return batch
  }

  function schedule(): void {
    scheduled = true
    setImmediate(flush)
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (!scheduled) schedule()
      }),
  }
}
