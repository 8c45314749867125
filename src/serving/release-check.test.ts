import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoadedModel, loadModel } from '#runtime'
import { predict } from '#trainer'
import { checkRelease } from './release-check.ts'
import { customers, recordsOf, type TestPackage, trainPackage } from './serving.fixture.ts'

describe('the release checks', () => {
  const { frame } = customers(200, 3)
  const records = recordsOf(frame)
  let packaged: TestPackage
  let model: LoadedModel
  let expected: Float64Array
  beforeAll(async () => {
    packaged = trainPackage(1)
    model = await loadModel('churn@4', packaged.bytes, packaged.signature)
    expected = predict(packaged.model, frame)
  })
  afterAll(() => model.close())
  const limits = { maxAbsDifference: 1e-5, p99Ms: 10_000 }
  const verdicts = (report: Awaited<ReturnType<typeof checkRelease>>) =>
    Object.fromEntries(report.checks.map(({ name, passed }) => [name, passed]))

  it('pass a version that answers as it was trained, with the figures', async () => {
    const report = await checkRelease(model, { records, expected }, limits)
    expect(verdicts(report)).toEqual({ answers: true, parity: true, latency: true, 'refuses broken requests': true })
    expect(report).toMatchObject({ passed: true, requests: 200, errors: 0 })
    expect(report.maxAbsDifference).toBeLessThan(1e-6)
    expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms!)
    expect(report.checks[3]!.explanation).toContain('without "tenure"')
  })

  it.each(['multiclass', 'regression'] as const)('compare every output of a %s model', async (task) => {
    const other = trainPackage(2, task)
    const loaded = await loadModel('churn@5', other.bytes, other.signature)
    const wanted = predict(other.model, frame)
    expect((await checkRelease(loaded, { records, expected: wanted }, limits)).passed).toBe(true)
    wanted[wanted.length - 1]! += 0.01
    const report = await checkRelease(loaded, { records, expected: wanted }, limits)
    expect(report.checks[1]).toMatchObject({ passed: false, explanation: expect.stringContaining('record 199') })
    await loaded.close()
  })

  it('catch another model under the same name', async () => {
    const report = await checkRelease(model, { records, expected: predict(trainPackage(2).model, frame) }, limits)
    expect(verdicts(report)).toMatchObject({ answers: true, parity: false })
    expect(report.passed).toBe(false)
  })

  it('catch a recorded score that is no number', async () => {
    const report = await checkRelease(
      model,
      { records: records.slice(0, 2), expected: [expected[0]!, Number.NaN] },
      limits,
    )
    expect(report.checks[1]!.passed).toBe(false)
  })

  it('fail when a held-out request is refused, naming the first', async () => {
    const report = await checkRelease(
      model,
      { records: [records[0]!, { ...records[1]!, charges: 'a lot' }, {}], expected: expected.slice(0, 3) },
      limits,
    )
    expect(report).toMatchObject({ passed: false, errors: 2 })
    expect(report.checks[0]!.explanation).toMatch(/2 of 3 .* record 1: .*"charges"/)
  })

  it('fail a version that is too slow', async () => {
    const report = await checkRelease(model, { records, expected }, { ...limits, p99Ms: 0.000_001 })
    expect(verdicts(report)).toEqual({ answers: true, parity: true, latency: false, 'refuses broken requests': true })
  })

  it('do not blame a version for a machine that has other things to do, and show what that cost', async () => {
    const some = records.slice(0, 40)
    let ticks = 0
    const busy = setInterval(() => {
      if (++ticks % 8 !== 0) return
      const until = performance.now() + 60
      while (performance.now() < until);
    }, 1)
    try {
      const report = await checkRelease(model, { records }, { ...limits, p99Ms: 45 })
      expect(verdicts(report), report.checks[2]!.explanation).toMatchObject({ latency: true })
      if (report.p99Ms! > 45)
        expect(report.checks[2]!.explanation).toMatch(/the machine held up work of that length by \d+/)
    } finally {
      clearInterval(busy)
    }
    // A model that is slow is slow on an idle machine, too: nothing beside it explains that.
    const slow: LoadedModel = {
      ...model,
      run: async (feeds, rows) => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        return model.run(feeds, rows)
      },
    }
    const report = await checkRelease(slow, { records: some }, { ...limits, p99Ms: 10 })
    expect(report.checks[2]).toMatchObject({ passed: false, explanation: expect.stringContaining('best of 3 tries') })
  })

  it('fail without a single request, and pass parity when nothing was recorded', async () => {
    expect((await checkRelease(model, { records: [] }, limits)).passed).toBe(false)
    const unrecorded = await checkRelease(model, { records }, limits)
    expect(unrecorded).toMatchObject({ passed: true, maxAbsDifference: null })
  })
})
