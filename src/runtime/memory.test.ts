import { describe, expect, it } from 'vitest'
import { counting, echo } from './onnx.fixture.ts'
import { createModelMemory } from './memory.ts'
import type { Tensor } from './tensor.ts'

const x: Tensor = { datatype: 'FP32', shape: [1], data: Float32Array.of(1) }
const file = echo('FP32')

describe('models that share their memory', () => {
  function shared(models: number) {
    const evicted: string[] = []
    const memory = createModelMemory(models * file.byteLength, (name) => evicted.push(name))
    const reads = new Map<string, number>()
    let works = true
    const read = (name: string) => async () => {
      if (!works) throw new Error('the disk is gone')
      reads.set(name, (reads.get(name) ?? 0) + 1)
      return file
    }
    const open = (name: string) => memory.open(name, file, { read: read(name) })
    return { memory, open, evicted, reads, breakDisk: (broken: boolean) => (works = !broken) }
  }

  it('leave in order of last use, and load again when they are asked', async () => {
    const { memory, open, evicted, reads } = shared(2)
    const a = await open('a')
    const b = await open('b')
    await a.run({ x })
    const c = await open('c')
    expect(evicted).toEqual(['b'])
    expect(memory.used()).toBe(2 * file.byteLength)
    expect(await Promise.all([b.run({ x }), b.run({ x }), b.run({ x })])).toEqual([{ y: x }, { y: x }, { y: x }])
    expect(reads.get('b')).toBe(1)
    expect(evicted).toEqual(['b', 'a'])
    expect(memory.residents().map(({ name, loaded }) => `${name} ${loaded}`)).toEqual(['a false', 'b true', 'c true'])
    expect(memory.residents()[1]).toMatchObject({ loads: 2, evictions: 1, bytes: file.byteLength, placement: 'inline' })
    expect(memory.residents()[0]).toMatchObject({ loads: 1, evictions: 1, bytes: 0, fileBytes: file.byteLength })
    await Promise.all([a, b, c].map((model) => model.close()))
    expect(memory.residents()).toEqual([])
  })

  it('finish the runs under way when they leave', async () => {
    const { open } = shared(1)
    const a = await open('a')
    const runs = Array.from({ length: 50 }, () => a.run({ x }))
    const b = await open('b')
    const more = Array.from({ length: 50 }, () => a.run({ x }))
    expect((await Promise.all([...runs, ...more])).every(({ y }) => y!.data[0] === 1)).toBe(true)
    await Promise.all([a.close(), b.close()])
  })

  it('answer however small the budget is', async () => {
    const { open } = shared(0)
    const a = await open('a')
    const b = await open('b')
    for (let i = 0; i < 3; i++) for (const model of [a, b]) expect(await model.run({ x })).toEqual({ y: x })
    await Promise.all([a.close(), b.close()])
  })

  it('say so when one cannot be loaded again, and try again', async () => {
    const { open, breakDisk } = shared(1)
    const a = await open('a')
    const b = await open('b')
    breakDisk(true)
    await expect(a.run({ x })).rejects.toMatchObject({
      code: 'ORRERY_RUNTIME_MODEL_NOT_LOADED',
      status: 503,
      message: expect.stringContaining('the disk is gone'),
    })
    expect(await b.run({ x })).toEqual({ y: x })
    breakDisk(false)
    expect(await a.run({ x })).toEqual({ y: x })
    await Promise.all([a.close(), b.close()])
    await expect(a.run({ x })).rejects.toThrow('it was unloaded')
  })

  it('may be in processes of their own, which end when they leave', async () => {
    const memory = createModelMemory(1)
    const options = { placement: 'auto' as const, read: async () => counting() }
    const a = await memory.open('a', counting(), options)
    const b = await memory.open('b', counting(), options)
    const times: Tensor = { datatype: 'INT64', shape: [], data: BigInt64Array.of(2n) }
    for (const model of [a, b, a]) expect((await model.run({ times, x })).y!.data[0]).toBe(3)
    const [loaded, ...others] = memory.residents().filter((one) => one.loaded)
    expect(others).toEqual([])
    expect(loaded).toMatchObject({ name: 'a', placement: 'process', fileBytes: counting().byteLength })
    // A file of some hundred bytes, in a process of some tens of megabytes: the process is what the machine lacks.
    expect(loaded!.bytes).toBeGreaterThan(20 * 1024 ** 2)
    expect(memory.used()).toBe(loaded!.bytes)
    await Promise.all([a.close(), b.close()])
  })
})
