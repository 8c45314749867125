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
  readonly resolve: (result: Result | Promise<Result>) => void
  readonly reject: (error: unknown) => void
}

/** While one batch is computed the next is made ready; what comes meanwhile waits and grows into a larger one. */
const MOST_RUNNING = 2

/**
 * @param run answers a batch: one result or error per item, in order; an item that takes longer than the others may have a promise,
 *   for which the next batch does not wait
 * @param limit most `weight` of a batch just now; an item heavier than that goes alone
 * @param mostWaiting `weight` that may wait; the error of `refuse` is for what comes on top
 */
export function createBatcher<Item, Result>({
  run,
  weight,
  limit,
  mostWaiting = Number.POSITIVE_INFINITY,
  refuse = () => new Error('too much waits already'),
}: {
  run: (items: Item[]) => Promise<(Result | Error | Promise<Result>)[]>
  weight: (item: Item) => number
  limit: () => number
  mostWaiting?: number
  refuse?: (waiting: number) => Error
}): Batcher<Item, Result> {
  let waiting: Waiting<Item, Result>[] = []
  let scheduled = false
  let running = 0
  let waitingWeight = 0

  function flush(): void {
    scheduled = false
    if (waiting.length === 0 || running >= MOST_RUNNING) return
    const batch = takeBatch()
    // The rest goes in the next turn: between two batches the loop reads and answers other requests.
    if (waiting.length > 0) schedule()
    running++
    run(batch.map(({ item }) => item)).then(
      (results) => {
        ended()
        for (let i = 0; i < batch.length; i++) {
          const result = results[i]!
          if (result instanceof Error) batch[i]!.reject(result)
          else batch[i]!.resolve(result)
        }
      },
      (error) => {
        ended()
        for (const { reject } of batch) reject(error)
      },
    )
  }

  function ended(): void {
    running--
    if (waiting.length > 0 && !scheduled) schedule()
  }

  function takeBatch(): Waiting<Item, Result>[] {
    let taken = 0
    let total = 0
    const most = limit()
    while (taken < waiting.length) {
      const next = weight(waiting[taken]!.item)
      if (taken > 0 && total + next > most) break
      total += next
      taken++
    }
    waitingWeight -= total
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
        if (waitingWeight >= mostWaiting) return reject(refuse(waitingWeight))
        waitingWeight += weight(item)
        waiting.push({ item, resolve, reject })
        if (!scheduled) schedule()
      }),
  }
}
