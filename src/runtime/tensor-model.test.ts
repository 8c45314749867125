import { describe, expect, it } from 'vitest'
import type { Datatype } from './contract.ts'
import { echo, list, node, onnxFile, value } from './onnx.fixture.ts'
import { loadModel } from './model.ts'
import { ARRAYS, type Tensor } from './tensor.ts'
import { openTensorModel } from './open-model.ts'

const refused = (message: RegExp) =>
  expect.objectContaining({
    code: 'ORRERY_RUNTIME_TENSOR_INVALID',
    status: 422,
    message: expect.stringMatching(message),
  })

describe('openTensorModel', () => {
  const cases: Tensor[] = [
    ...(Object.keys(ARRAYS) as (keyof typeof ARRAYS)[]).map((datatype): Tensor => {
      const big = datatype === 'INT64' || datatype === 'UINT64'
      const values = big ? [0n, 1n, 9_007_199_254_740_993n] : [0, 1, 1]
      return { datatype, shape: [3], data: (ARRAYS[datatype] as typeof Float32Array).from(values as number[]) }
    }),
    { datatype: 'BYTES', shape: [3], data: ['', 'a', 'größer 🐈'] },
  ]
  it.each(cases.map((tensor): [Datatype, Tensor] => [tensor.datatype, tensor]))(
    'gives %s back bit by bit',
    async (datatype, x) => {
      const model = await openTensorModel('echo', echo(datatype))
      expect(model.inputs).toEqual([{ name: 'x', datatype, shape: [-1] }])
      expect(model.outputs).toEqual([{ name: 'y', datatype, shape: [-1] }])
      expect((await model.run({ x })).y).toEqual(x)
      await model.close()
    },
  )

  it('takes texts as bytes, and refuses bytes that are no text', async () => {
    const model = await openTensorModel('echo', echo('BYTES'))
    const bytes = (data: Uint8Array) => model.run({ x: { datatype: 'BYTES', shape: [1], data: [data] } })
    expect((await bytes(Buffer.from('größer'))).y!.data).toEqual(['größer'])
    await expect(bytes(Uint8Array.of(0xff))).rejects.toEqual(refused(/no UTF-8/))
    await model.close()
  })

  it('enforces names, datatypes, shapes and the number of elements', async () => {
    const model = await openTensorModel('echo', echo('FP32', ['n', 2]))
    const data = Float32Array.of(1, 2)
    const run = (x: object | undefined, more: object = {}) => model.run({ ...(x && { x }), ...more } as never)
    const fine = { datatype: 'FP32', shape: [1, 2], data }
    await expect(run(undefined)).rejects.toEqual(refused(/"x".*missing/))
    await expect(run(fine, { z: fine })).rejects.toEqual(refused(/"z".*no such input/))
    await expect(run({ ...fine, datatype: 'FP64' })).rejects.toEqual(refused(/it is FP64, the model takes FP32/))
    await expect(run({ ...fine, shape: [2, 1] })).rejects.toEqual(refused(/\[2, 1\], the model takes \[-1, 2\]/))
    await expect(run({ ...fine, shape: [2] })).rejects.toEqual(refused(/shape/))
    await expect(run({ ...fine, shape: [-1, 2] })).rejects.toEqual(refused(/shape/))
    await expect(run({ ...fine, shape: [2, 2] })).rejects.toEqual(refused(/2 elements for the shape \[2, 2\]/))
    await expect(run({ ...fine, data: Float64Array.of(1, 2) })).rejects.toEqual(refused(/not held as FP32/))
    await expect(model.run({ x: fine as Tensor }, ['z'])).rejects.toEqual(refused(/"z".*no such output/))
    await expect(run({ ...fine, shape: [0, 2], data: new Float32Array() })).resolves.toMatchObject({
      y: { shape: [0, 2] },
    })
    await model.close()
  })

  it('computes the outputs that are asked for, and counts only tensors among them', async () => {
    const model = await openTensorModel(
      'two',
      onnxFile({
        node: [node('Neg', ['x'], ['minus']), node('Abs', ['x'], ['size']), node('SequenceConstruct', ['x'], ['list'])],
        input: [value('x', 'FP32', ['n'])],
        output: [value('minus', 'FP32', ['n']), list('list', 'FP32'), value('size', 'FP32', ['n'])],
      }),
    )
    const x: Tensor = { datatype: 'FP32', shape: [1], data: Float32Array.of(-2) }
    expect(Object.keys(await model.run({ x }))).toEqual(['minus', 'size'])
    expect(await model.run({ x }, ['size'])).toEqual({ size: { ...x, data: Float32Array.of(2) } })
    await model.close()
  })

  it('says that a graph failed on what it was fed, and answers the next', async () => {
    const model = await openTensorModel(
      'reshape',
      onnxFile({
        node: [node('Reshape', ['x', 'shape'], ['y'])],
        input: [value('x', 'FP32', ['n']), value('shape', 'INT64', [1])],
        output: [value('y', 'FP32', ['m'])],
      }),
    )
    const run = (size: bigint) =>
      model.run({
        x: { datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) },
        shape: { datatype: 'INT64', shape: [1], data: BigInt64Array.of(size) },
      })
    await expect(run(3n)).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_FAILED', status: 500 })
    expect((await run(2n)).y!.shape).toEqual([2])
    await model.close()
  })
})

describe('a model of pictures', () => {
  const image = {
    input: 'x',
    width: 3,
    height: 2,
    channels: 3 as const,
    layout: 'NHWC' as const,
    fit: 'cover' as const,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  }
  const signature = { task: 'binary' as const, classes: ['cat', 'dog'], features: [], label: 'pet', image }
  const file = onnxFile({
    node: [
      node('ReduceMean', ['x'], ['m'], { axes: { ints: [1, 2, 3] }, keepdims: { i: 0 } }),
      node('Sigmoid', ['m'], ['probabilities']),
    ],
    input: [value('x', 'FP32', ['n', 2, 3, 3])],
    output: [value('probabilities', 'FP32', ['n'])],
  })

  it('answers pixels, and says that records are nothing to it', async () => {
    const model = await loadModel('pets@1', file, signature)
    const x: Tensor = { datatype: 'FP32', shape: [2, 2, 3, 3], data: new Float32Array(36).fill(50, 18) }
    expect([...(await model.run({ x }, 2))]).toEqual([0.5, 1])
    await expect(model.predict([{ x: 1 }])).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_RECORDS_NOT_TAKEN' })
    await model.close()
  })

  it('fits its graph or is refused', async () => {
    const load = (changed: object) => loadModel('pets@1', file, { ...signature, image: { ...image, ...changed } })
    await expect(load({ width: 4 })).rejects.toThrow('its pictures [n, 2, 4, 3]')
    await expect(load({ layout: 'NCHW' })).rejects.toThrow('its pictures [n, 3, 2, 3]')
    await expect(load({ input: 'pixels' })).rejects.toThrow('"pixels" is not its one input')
    await expect(load({ mean: [0] })).rejects.toThrow('a mean and a std for each of 3 channels')
  })
})

describe('a model of plain tensors', () => {
  const tensors = {
    inputs: [{ name: 'x', datatype: 'INT64' as const, shape: [-1] }],
    outputs: [{ name: 'y', datatype: 'INT64' as const, shape: [-1] }],
  }
  const signature = { task: 'regression' as const, classes: [], features: [], label: '', tensors }

  it('answers through its graph and no other way', async () => {
    const model = await loadModel('any@1', echo('INT64'), signature)
    const x: Tensor = { datatype: 'INT64', shape: [1], data: BigInt64Array.of(7n) }
    expect(await model.graph.run({ x })).toEqual({ y: x })
    await expect(model.run({ x }, 1)).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_RECORDS_NOT_TAKEN' })
    await model.close()
  })

  it('has the datatypes that its signature says', async () => {
    await expect(loadModel('any@1', echo('FP32'), signature)).rejects.toThrow('"x" is FP32, the signature says INT64')
  })
})
