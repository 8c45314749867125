import { describe, expect, it } from 'vitest'
import { createBatcher } from './batcher.ts'

function recording(limit = 100, answer: (items: number[]) => Promise<(string | Error)[]> = answers) {
  const batches: number[][] = []
  const batcher = createBatcher<number, string>({
    run: (items) => {
      batches.push(items)
      return answer(items)
    },
    weight: (item) => item,
    limit: () => limit,
    mostWaiting: 100,
    refuse: (waiting) => new Error(`${waiting} wait`),
  })
  return { batches, batcher }
}

async function answers(items: number[]): Promise<string[]> {
  return items.map((item) => `answer ${item}`)
}

describe('a batcher', () => {
  it('puts what is asked in one turn into one batch and gives each its own answer', async () => {
    const { batches, batcher } = recording()
    const replies = await Promise.all([1, 2, 3].map((item) => batcher.add(item)))
    expect(replies).toEqual(['answer 1', 'answer 2', 'answer 3'])
    expect(batches).toEqual([[1, 2, 3]])
    await batcher.add(4)
    expect(batches).toEqual([[1, 2, 3], [4]])
  })

  it('fills a batch up to its limit, and lets what is heavier go alone', async () => {
    const { batches, batcher } = recording(10)
    await Promise.all([6, 4, 3, 50, 2].map((item) => batcher.add(item)))
    expect(batches).toEqual([[6, 4], [3], [50], [2]])
  })

  it('fails one item without the others', async () => {
    const { batcher } = recording(100, async (items) =>
      items.map((item) => (item === 2 ? new Error('not this one') : 'fine')),
    )
    const settled = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)))
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('fails all of a batch whose run fails, and answers the next', async () => {
    let runs = 0
    const { batcher } = recording(100, async (items) => {
      if (runs++ === 0) throw new Error('broken')
      return answers(items)
    })
    const settled = await Promise.allSettled([batcher.add(1), batcher.add(2)])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await batcher.add(3)).toBe('answer 3')
  })

  it('has two batches under way at most: what comes meanwhile becomes one larger one', async () => {
    const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
    let started = 0
    const { batches, batcher } = recording(100, async (items) => {
      await gates[started++]!.promise
      return answers(items)
    })
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const replies: Promise<string>[] = []
    for (const item of [1, 2, 3, 4, 5]) {
      replies.push(batcher.add(item))
      await turn()
    }
    expect(batches).toEqual([[1], [2]])
    gates[0]!.resolve()
    await replies[0]
    await turn()
    await turn()
    expect(batches).toEqual([[1], [2], [3, 4, 5]])
    for (const gate of gates) gate.resolve()
    expect(await Promise.all(replies)).toEqual([1, 2, 3, 4, 5].map((item) => `answer ${item}`))
  })

  it('refuses what comes when too much waits already', async () => {
    const { batcher } = recording()
    const settled = await Promise.allSettled([60, 60, 1].map((item) => batcher.add(item)))
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect((settled[2] as PromiseRejectedResult).reason.message).toBe('120 wait')
    expect(await batcher.add(1)).toBe('answer 1')
  })
})
