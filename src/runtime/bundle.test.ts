import { describe, expect, it } from 'vitest'
import { readBundle, writeBundle } from './bundle.ts'
import { openTensorModel } from './open-model.ts'
import { external } from './onnx.fixture.ts'
import type { Tensor } from './tensor.ts'

const x: Tensor = { datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) }

describe('a package of several files', () => {
  const { main, weights } = external()
  const files = new Map([
    ['model.onnx', main],
    ['weights/w.bin', weights],
  ])
  const bundle = writeBundle({ manifest: { kind: 'onnx', main: 'model.onnx' }, files })

  it('holds them as they were', () => {
    const found = readBundle(bundle)!
    expect(found.manifest).toEqual({ kind: 'onnx', main: 'model.onnx' })
    expect([...found.files].map(([path, content]) => [path, Buffer.from(content)])).toEqual(
      [...files].map(([path, content]) => [path, Buffer.from(content)]),
    )
  })

  it.each(['inline', 'auto', 'process'] as const)(
    'is an ONNX graph with weights beside it, placed %s',
    async (placement) => {
      const model = await openTensorModel('external', bundle, { placement })
      expect((await model.run({ x })).y).toEqual({ ...x, data: Float32Array.of(11, 22) })
      await model.close()
    },
  )

  it('without its weights is told to be broken', async () => {
    await expect(openTensorModel('external', main)).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_BROKEN' })
  })

  it('is refused when it is cut short or names what lies outside', async () => {
    for (const cut of [bundle.subarray(0, 20), bundle.subarray(0, bundle.length - 1)])
      await expect(openTensorModel('external', cut)).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_BROKEN' })
    for (const path of ['../etc/passwd', '/etc/passwd', 'a/../../b', 'c:\\x'])
      expect(() =>
        readBundle(writeBundle({ manifest: { kind: 'onnx', main: 'model.onnx' }, files: new Map([[path, main]]) })),
      ).toThrow()
    expect(readBundle(main)).toBeUndefined()
  })

  it('of Python needs one', async () => {
    const manifest = {
      ...{ kind: 'python' as const, model: 'model', lock: '', python: null, inputs: [], dtype: null },
      output: { name: 'prediction' as const, gives: 'value' as const, classes: [] },
    }
    const python = writeBundle({ manifest, files: new Map() })
    await expect(openTensorModel('own', python)).rejects.toThrow('Python answers for it, and there is none here')
  })
})
