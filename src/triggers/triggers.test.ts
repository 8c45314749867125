import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, expect, it } from 'vitest'
import { dataMigrations, openData } from '#data'
import { openPipelines, pipelineMigrations } from '#pipelines'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { jobMigrations, openJobs } from '#platform/jobs'
import { onEveryDatabase } from '#platform/testing'
import { openProjects, projectMigrations } from '#projects'
import { openTracking, trackingMigrations } from '#tracking'
import { triggerMigrations } from './migrations.ts'
import { openTriggers } from './triggers.ts'

const DAY = 86_400_000
const NOON = Date.parse('2025-03-03T12:00:00Z')

const migrations = [
  ...eventMigrations,
  ...jobMigrations,
  ...projectMigrations,
  ...dataMigrations,
  ...trackingMigrations,
  ...pipelineMigrations,
  ...triggerMigrations,
]

onEveryDatabase('triggers', migrations, (storage) => {
  const open: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })

  /** The rooms that a rule reaches, real; jobs are queued and not run. */
  async function start(project: string, when: string) {
    const folder = await mkdtemp(join(tmpdir(), 'orrery-triggers-'))
    open.push(() => rm(folder, { recursive: true }))
    const problems: string[] = []
    const clock = { time: NOON, now: () => clock.time }
    const log = pino({ level: 'error' }, { write: (line) => problems.push(line) })
    const needs = { storage: storage(), clock, log }
    const blobs = await openBlobFolder(join(folder, 'blobs'))
    const events = openEvents(needs)
    const jobs = openJobs(needs)
    const projects = openProjects({ ...needs, events })
    const pipelines = openPipelines({
      ...{ ...needs, blobs, events, jobs, projects },
      data: openData({ ...needs, blobs, events }),
      tracking: openTracking({ ...needs, blobs, events }),
      bring: async () => undefined,
      versions: { tables: async () => ({}) },
      openViews: async () => ({ views: [], uses: [] }),
      labelledRows: async function* () {},
      championOf: async () => null,
      work: folder,
      serverUrl: () => '',
      lendIdentity: () => ({ secret: '', end: () => {} }),
    })
    const attached: { alert: string; run: string }[] = []
    const triggers = openTriggers({
      ...{ ...needs, events, projects, startPipeline: pipelines.start },
      monitoring: { attachRun: async (_tx, alert, run) => void attached.push({ alert, run: run.id }) },
    })
    await events.start()
    await triggers.start()
    open.push(events.stop, triggers.stop)
    const apply = (rules: string) =>
      projects.apply(
        {
          file: `project: ${project}\ndata: { d: { source: d.csv, label: y } }\ndeploy: { ${project}: {} }\nwhen:\n${rules}\n`,
          ...{ folder, canvas: '', simulated: false },
        },
        'test',
        async () => {},
      )
    await apply(when)

    const settle = async () => {
      while (!(await events.settled())) await sleep(2)
      if (problems.length > 0) throw new Error(problems[0])
    }
    await settle()
    return {
      ...{ triggers, pipelines, clock, apply, settle, attached },
      firings: async () => (await triggers.firings(project, { limit: 100, offset: 0 })).reverse(),
      /** A period of the endpoint is closed, as the monitors tell it. */
      period: async (day: number, over: Record<string, unknown> = {}) => {
        await storage().write((tx) =>
          events.publish(tx, {
            type: 'monitoring.period_closed',
            ...{ project, subject: project },
            data: { endpoint: project, through: day * DAY, champion: 1, age: 0, newLabels: 0, alert: null, ...over },
          }),
        )
        await settle()
      },
      finish: async () => {
        for (const run of await pipelines.runs(project, 10)) await pipelines.cancel(run.id)
      },
    }
  }

  const OLD = { age: 43 * DAY }
  const AGED = '  - { if: \'version.age > duration("42d")\', not_within: 7d }'

  it('starts the pipeline once in the time of the rule, event time, and records why', async () => {
    const { period, firings, finish, pipelines, triggers } = await start('aged', AGED)
    await period(1)
    expect(await firings()).toEqual([])
    await period(2, OLD)
    await finish()
    for (const day of [3, 8]) await period(day, OLD)
    const [first, ...rest] = await firings()
    expect(rest).toEqual([])
    expect(first).toMatchObject({
      project: 'aged',
      endpoint: 'aged',
      rule: 0,
      at: NOON,
      eventTime: 2 * DAY,
      joined: false,
    })
    expect(first!.cause).toMatchObject({ kind: 'age', by: 'v1' })
    expect(await pipelines.run(first!.pipelineRun)).toMatchObject({ name: first!.runName, cause: first!.cause })
    await period(9, OLD)
    expect((await firings()).map(({ eventTime }) => eventTime)).toEqual([2 * DAY, 9 * DAY])
    expect(await triggers.retrainings('aged')).toBe(2)
  })

  it('takes the same period told twice as once, and does not count a run that was under way', async () => {
    const { period, firings, triggers } = await start('twice', AGED.replace('7d', '0s'))
    await period(2, OLD)
    await period(2, OLD)
    expect(await firings()).toHaveLength(1)
    await period(3, OLD)
    const [first, second] = await firings()
    expect(second).toMatchObject({ joined: true, pipelineRun: first!.pipelineRun })
    expect(await triggers.retrainings('twice')).toBe(1)
  })

  it('hands the run to the alert that it answers', async () => {
    const { period, firings, attached } = await start(
      'alerted',
      '  - { if: alert.drift || alert.decay, not_within: 7d }',
    )
    await period(1, { alert: { id: 'a1', kinds: ['fairness'], title: 'unfair' } })
    await period(2, { alert: { id: 'a1', kinds: ['fairness', 'drift'], title: 'unfair · moved' } })
    const [firing] = await firings()
    expect(firing!.cause).toEqual({ kind: 'alert', by: 'a1', reason: 'unfair · moved' })
    expect(attached).toEqual([{ alert: 'a1', run: firing!.pipelineRun }])
  })

  it('lets the rules of an endpoint share their rest, in whatever order the file has them', async () => {
    const rules = `  - { if: labels.new > 1000, not_within: 14d }\n${AGED.replace('7d', '63d')}`
    const { period, firings, finish, apply, settle } = await start('sharing', rules)
    await period(2, { newLabels: 2000 })
    await finish()
    // Old, but renewed too shortly before, by whichever rule.
    for (const day of [3, 15]) await period(day, OLD)
    expect((await firings()).map(({ rule, eventTime }) => [rule, eventTime! / DAY])).toEqual([[0, 2]])
    await period(16, { newLabels: 2000 })
    await finish()
    await apply(`${AGED.replace('7d', '63d')}\n  - { if: labels.new > 1000, not_within: 14d }`)
    await settle()
    for (const day of [64, 78, 79]) await period(day, OLD)
    expect((await firings()).map(({ rule, eventTime }) => [rule, eventTime! / DAY])).toEqual([
      [0, 2],
      [0, 16],
      [0, 79],
    ])
  })

  it('keeps schedules by the clock of the server; what passed while it was off counts as one', async () => {
    const nightly = '  - { cron: "0 3 * * *" }'
    const { firings, clock, apply, settle, finish } = await start('nightly', nightly)
    const touch = async () => {
      // Applying a file is one of the moments at which schedules are looked at.
      await apply(`${nightly}\n  - { if: labels.new > ${clock.time} }`)
      await settle()
    }
    clock.time = Date.parse('2025-03-04T02:59:59Z')
    await touch()
    expect(await firings()).toEqual([])
    clock.time = Date.parse('2025-03-07T09:00:00Z')
    await touch()
    await touch()
    const [first, ...rest] = await firings()
    expect(rest).toEqual([])
    expect(first).toMatchObject({ rule: 0, written: '0 3 * * *', eventTime: null, at: clock.time })
    expect(first!.cause).toEqual({ kind: 'schedule', by: '0 3 * * *', reason: 'scheduled: 0 3 * * *' })
    await finish()
    clock.time = Date.parse('2025-03-08T03:00:00Z')
    await touch()
    expect(await firings()).toHaveLength(2)
  })
})
