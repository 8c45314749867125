import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoadedModel, loadModel } from '#runtime'
import { predict } from '#trainer'
import { customers, recordsOf, type TestPackage, trainPackage } from './serving.fixture.ts'

describe.each(['binary', 'multiclass', 'regression'] as const)('a loaded %s model', (task) => {
  let packaged: TestPackage
  let model: LoadedModel
  beforeAll(async () => {
    packaged = trainPackage(1, task)
    model = await loadModel('churn@1', packaged.bytes, packaged.signature)
  })
  afterAll(() => model.close())

  it('says what the trainer says, from a frame and from records', async () => {
    const { frame } = customers(300, 2)
    const expected = predict(packaged.model, frame)
    for (const input of [frame, recordsOf(frame)]) {
      const answers = await model.predict(input)
      expect(answers.length).toBe(expected.length)
      const tolerance = task === 'regression' ? 1e-4 : 1e-6
      for (let i = 0; i < answers.length; i++) expect(Math.abs(answers[i]! - expected[i]!)).toBeLessThan(tolerance)
    }
  })
})

describe('loadModel', () => {
  const { bytes, signature } = trainPackage(1)
  const load = (file: Uint8Array, changed = signature) => loadModel('churn@7', file, changed)
  const broken = (reason: RegExp) =>
    expect.objectContaining({
      code: 'ORRERY_RUNTIME_MODEL_BROKEN',
      status: 422,
      message: expect.stringMatching(reason),
    })

  it.each([
    ['an empty file', new Uint8Array(0)],
    ['text', Buffer.from('{"not": "onnx"}')],
    ['a file cut short', bytes.subarray(0, bytes.length >> 1)],
    ['zeros', new Uint8Array(10_000)],
  ])('refuses %s', async (_, file) => {
    await expect(load(file)).rejects.toEqual(broken(/churn@7/))
  })

  it('survives a file with any byte overturned: it loads, or is refused as broken', async () => {
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 100)) {
      const damaged = Uint8Array.from(bytes)
      damaged[at]! ^= 0xff
      await load(damaged).then(
        (model) => model.close(),
        (error) => expect(error).toEqual(broken(/./)),
      )
    }
  })

  it('refuses a file that does not fit its signature', async () => {
    const [first, ...rest] = signature.features
    await expect(load(bytes, { ...signature, features: rest })).rejects.toEqual(broken(/wants an input "tenure"/))
    await expect(
      load(bytes, { ...signature, features: [...signature.features, { name: 'age', kind: 'numeric' }] }),
    ).rejects.toEqual(broken(/no input "age"/))
    await expect(
      load(bytes, { ...signature, features: [{ ...first!, kind: 'categorical' }, ...rest] }),
    ).rejects.toEqual(broken(/"tenure" is FP32/))
    await expect(load(bytes, { ...signature, task: 'regression', classes: [] })).rejects.toEqual(
      broken(/no output "prediction"/),
    )
    await expect(load(bytes, { ...signature, task: 'multiclass', classes: ['a', 'b', 'c'] })).rejects.toEqual(
      broken(/2 columns, the signature 3/),
    )
  })

  it('finishes the runs under way before it leaves memory, and takes none after', async () => {
    const model = await load(bytes)
    const record = { tenure: 1, charges: 50, plan: 'monthly' }
    const runs = Array.from({ length: 20 }, () => model.predict([record]))
    const closed = model.close()
    expect((await Promise.all(runs)).every(([p]) => p! > 0 && p! < 1)).toBe(true)
    await closed
    await expect(model.predict([record])).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_FAILED' })
  })
})
