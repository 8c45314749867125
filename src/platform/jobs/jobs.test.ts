import { expect, it } from 'vitest'
import { OrreryError } from '#platform/errors'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { jobMigrations, openJobs } from './index.ts'

const log = openLog({ level: 'silent' })

onEveryDatabase('jobs', jobMigrations, (storage) => {
  const open = () => openJobs({ storage: storage(), clock: systemClock, log })
  type Jobs = ReturnType<typeof open>
  const enqueue = (jobs: Jobs, kind: string, input: unknown, key?: string) =>
    storage().write((tx) => jobs.enqueue(tx, { kind, input, ...(key && { key }) }))
  const stateOf = async (jobs: Jobs, id: string) => (await jobs.get(id))?.state

  it('runs a job, journals its steps and keeps its output', async () => {
    const jobs = open()
    jobs.define<{ n: number }, number>({
      kind: 'double',
      concurrency: 1,
      attempts: 3,
      run: async (job) => job.step('twice', async () => job.input.n * 2),
    })
    await jobs.start()
    const { id } = await enqueue(jobs, 'double', { n: 21 })
    await expect.poll(() => stateOf(jobs, id)).toBe('succeeded')
    expect((await jobs.get(id))?.output).toBe(42)
    expect(await jobs.steps(id)).toMatchObject([{ name: 'twice', state: 'succeeded', output: 42 }])
    await jobs.stop()
  })

  it('takes up a job behind its last finished step after a stop', async () => {
    const ran: string[] = []
    let release = () => {}
    const define = (jobs: Jobs, block: boolean) =>
      jobs.define({
        kind: 'long',
        concurrency: 1,
        attempts: 3,
        run: async (job) => {
          await job.step('first', async () => void ran.push('first'))
          await job.step('second', async () => {
            ran.push('second')
            if (block)
              await new Promise<void>((resolve, reject) => {
                release = resolve
                job.signal.addEventListener('abort', () => reject(job.signal.reason))
              })
          })
        },
      })
    const before = open()
    define(before, true)
    await before.start()
    const { id } = await enqueue(before, 'long', {})
    await expect.poll(() => ran).toEqual(['first', 'second'])
    await before.stop()
    release()
    expect(await stateOf(before, id)).toBe('running')

    const after = open()
    define(after, false)
    await after.start()
    await expect.poll(() => stateOf(after, id)).toBe('succeeded')
    expect(ran).toEqual(['first', 'second', 'second'])
    expect((await after.get(id))?.attempt).toBe(2)
    await after.stop()
  })

  it('gives up, with a reason, a job that the server died of again and again', async () => {
    const started = open()
    started.define({ kind: 'deadly', concurrency: 1, attempts: 2, run: () => new Promise(() => {}) })
    const { id } = await enqueue(started, 'deadly', {})
    // Three processes that began it and were never heard of again.
    for (let i = 0; i < 3; i++) {
      const jobs = open()
      jobs.define({
        kind: 'deadly',
        concurrency: 1,
        attempts: 2,
        run: (job) => new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason))),
      })
      await jobs.start()
      if (i < 2) await expect.poll(() => jobs.get(id).then((job) => job?.attempt)).toBe(i + 1)
      await jobs.stop()
    }
    expect(await started.get(id)).toMatchObject({ state: 'failed', error: { code: 'ORRERY_JOB_INTERRUPTED' } })
  })

  it('fails a job with the code and hint of what went wrong', async () => {
    const jobs = open()
    const outcomes: unknown[] = []
    jobs.define({
      kind: 'fails',
      concurrency: 1,
      attempts: 1,
      run: async () => {
        throw new OrreryError({ code: 'ORRERY_TEST', status: 422, message: 'it cannot be', hint: 'do this' })
      },
      finished: async (_tx, _job, outcome) => void outcomes.push(outcome),
    })
    await jobs.start()
    const { id } = await enqueue(jobs, 'fails', {})
    await expect.poll(() => stateOf(jobs, id)).toBe('failed')
    const error = { code: 'ORRERY_TEST', message: 'it cannot be', hint: 'do this' }
    expect((await jobs.get(id))?.error).toEqual(error)
    expect(outcomes).toEqual([{ error }])
    await jobs.stop()
  })

  it('keeps one unfinished job per key', async () => {
    const jobs = open()
    jobs.define({ kind: 'keyed', concurrency: 1, attempts: 1, run: async () => 'done' })
    const [first, second] = await Promise.all([enqueue(jobs, 'keyed', 1, 'k'), enqueue(jobs, 'keyed', 2, 'k')])
    expect([first.existed, second.existed].sort()).toEqual([false, true])
    expect(first.id).toBe(second.id)
    await jobs.start()
    await expect.poll(() => jobs.settled()).toBe(true)
    expect((await enqueue(jobs, 'keyed', 3, 'k')).existed).toBe(false)
    await expect.poll(() => jobs.settled()).toBe(true)
    await jobs.stop()
  })

  it('cancels a running job', async () => {
    const jobs = open()
    jobs.define({
      kind: 'endless',
      concurrency: 1,
      attempts: 1,
      run: (job) => new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason))),
    })
    await jobs.start()
    const { id } = await enqueue(jobs, 'endless', {})
    await expect.poll(() => stateOf(jobs, id)).toBe('running')
    expect(await jobs.cancel(id)).toBe(true)
    expect(await stateOf(jobs, id)).toBe('cancelled')
    await jobs.stop()
  })
})
