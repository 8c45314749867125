import { afterEach, expect, it } from 'vitest'
import { openHttp } from '#platform/http'
import { onEveryDatabase } from '#platform/testing'
import { Alert } from './contract.ts'
import { DAY, type LoopOptions, loopMigrations, openLoop, START, type Weather } from './loop.fixture.ts'
import { openMonitoring } from './monitoring.ts'
import { mountMonitoring } from './routes.ts'

onEveryDatabase('monitoring', loopMigrations, (storage) => {
  const open: { close(): Promise<void> }[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()))
  })

  async function start(project: string, options?: LoopOptions) {
    const loop = await openLoop(storage(), project, options)
    open.push(loop)
    await loop.release((await loop.register(1, 0)).version)
    return loop
  }
  type Loop = Awaited<ReturnType<typeof start>>

  async function days(loop: Loop, from: number, to: number, weather?: Weather, options?: { labels?: boolean }) {
    for (let day = from; day < to; day++) await loop.day(day, weather, options)
  }
  const dayOf = (time: number) => (time - START) / DAY

  it('closes a period a day, measures what was answered, and finds nothing where nothing is wrong', async () => {
    const loop = await start('calm')
    await days(loop, 0, 12)
    const points = await loop.points()
    expect(points.map(({ through }) => dayOf(through))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(points.map(({ predictions }) => predictions)).toEqual(new Array(11).fill(48))
    expect(points.map(({ labelled }) => labelled)).toEqual([0, ...new Array(10).fill(48)])
    const last = points.at(-1)!
    expect(last).toMatchObject({ champion: 1, metric: 'roc_auc', weights: { 1: 1 } })
    expect(last.window).toMatchObject({ n: 7 * 48, through: START + 10 * DAY })
    expect(last.window!.value).toBeGreaterThan(0.85)
    expect(last.window!.reference).toBeCloseTo(last.window!.value, 10)
    expect(last.window!.lower95).toBeLessThan(last.window!.value)
    expect(Math.abs(last.estimated! - last.window!.value)).toBeLessThan(0.06)
    expect(last.drift!.features.map(({ feature }) => feature).sort()).toEqual(['load', 'shift', 'wind'])
    expect(last.drift!.score).toBeLessThan(0.1)
    expect(await loop.monitoring().alerts({ project: 'calm', limit: 10 })).toEqual([])
  })

  it('raises one alert that names what moved and what it costs, before any label says so', async () => {
    const loop = await start('windy')
    await days(loop, 0, 8)
    await days(loop, 8, 14, { wind: 1.5 }, { labels: false })
    const alerts = await loop.monitoring().alerts({ project: 'windy', limit: 10 })
    expect(alerts).toHaveLength(1)
    const [alert] = alerts
    expect(alert).toMatchObject({ kinds: ['drift'], champion: 1, endpoint: 'windy', closedAt: null })
    expect(alert!.features.map(({ feature }) => feature)).toEqual(['wind'])
    expect(alert!.title).toMatch(/^Drift in wind \(PSI [\d.]+\)$/)
    expect(alert!.explanation).toMatch(/wind: .*mean -\d.* → /)
    expect(alert!.cost.estimated).toBeGreaterThan(0.05)
    expect(dayOf(alert!.eventTime)).toBeLessThan(12)

    // The labels come after all, and say the same: the alert that is open is joined, not doubled.
    for (let day = 7; day < 13; day++) await loop.label(day)
    await days(loop, 14, 18, { wind: 1.5 })
    const joined = await loop.monitoring().alerts({ project: 'windy', limit: 10 })
    expect(joined.map(({ id }) => id)).toEqual([alert!.id])
    expect(joined[0]!.kinds[0]).toBe('drift')
    expect(joined[0]!.kinds).toContain('quality')
    expect(joined[0]!.kinds).toContain('decay')
    expect(joined[0]!.cost.measured).toBeGreaterThan(0.1)
    const opened = (await loop.events.after(0, { project: 'windy', limit: 10_000 })).filter(
      ({ type }) => type === 'monitoring.alert_opened',
    )
    expect(opened).toHaveLength(1)
  })

  it('hears decay where no feature moves, and closes the alert when a new champion is promoted', async () => {
    const loop = await start('turned')
    await days(loop, 0, 5)
    await days(loop, 5, 9, { meaning: -1 })
    const [alert] = await loop.monitoring().alerts({ project: 'turned', limit: 10 })
    expect(alert!.kinds).toContain('decay')
    expect(alert!.features).toEqual([])
    expect(alert!.title).toMatch(/v1 loses \d+ % more per answer than it promised/)
    const before = (await loop.points()).at(-1)!
    expect(before.decay!.statistic).toBeGreaterThan(before.decay!.threshold)
    expect(before.loss!.realised).toBeGreaterThan(before.loss!.promised)

    await loop.release((await loop.register(2, 9, { meaning: -1 })).version)
    await days(loop, 9, 11, { meaning: -1 })
    expect((await loop.deployments.endpoint('turned')).champion).toBe(2)
    const closed = await loop.monitoring().alert(alert!.id)
    expect(closed).toMatchObject({ closedBecause: 'v2 was promoted' })
    await days(loop, 11, 13, { meaning: -1 })
    const after = (await loop.points()).at(-1)!
    expect(after).toMatchObject({ champion: 2 })
    expect(after.decay!.statistic).toBeLessThan(after.decay!.threshold)
    // The version that fits the turned world gets the larger part of the answer.
    expect(after.weights[2]).toBeGreaterThan(after.weights[1]!)
    const { traffic } = await loop.deployments.endpoint('turned')
    expect(traffic.stable.find(({ version }) => version === 2)!.weight).toBeCloseTo(after.weights[2]!, 2)
    expect(await loop.monitoring().alerts({ project: 'turned', open: true, limit: 10 })).toEqual([])
  })

  it('takes a canary back on labels that say it is worse, with the evidence in words', async () => {
    const loop = await start('canary', { hold: '3d' })
    await days(loop, 0, 3)
    await loop.release((await loop.register(3, 3, { meaning: -1 })).version)
    await days(loop, 3, 6)
    const [rollout] = await loop.deployments.rollouts({ endpoint: 'canary', version: 2 })
    expect(rollout).toMatchObject({ state: 'rolled_back', share: 0 })
    const { note, eventTime } = rollout!.history.at(-1)!
    expect(note).toMatch(
      /^v2 against v1, roc_auc 0\.\d+ to 0\.\d+ on \d+ labels \(better by -0\.\d+ ± 0\.\d+\), \d+ requests, no error; worse: .*improvement\.upper95 = -/,
    )
    // The first labels of answers that it gave too were due at the end of its second day.
    expect(dayOf(eventTime!)).toBe(5)
    expect((await loop.deployments.endpoint('canary')).champion).toBe(1)
  })

  it('promotes a canary by time while labels cannot speak, step by step at the end of each hold', async () => {
    const loop = await start('prompt')
    await days(loop, 0, 3)
    await loop.release((await loop.register(4, 3)).version)
    await days(loop, 3, 4)
    const [rollout] = await loop.deployments.rollouts({ endpoint: 'prompt', version: 2 })
    expect(
      rollout!.history.map(({ state, share, eventTime }) => [
        state,
        share,
        eventTime && (eventTime - START) / 3_600_000,
      ]),
    ).toEqual([
      ['staging', 0, null],
      ['awaiting_certification', 0, null],
      ['canary', 0.1, 71.5],
      ['canary', 0.5, 73.5],
      ['promoted', 1, 75.5],
    ])
    expect(rollout!.history.at(-1)!.note).toMatch(
      /^v2 against v1, no labels yet, \d+ requests, no error; 50 % → 100 %$/,
    )
    await days(loop, 4, 7)
    // The first version goes on scoring: what leaving it alone would have cost is measured on the same rows.
    const { window, weights } = (await loop.points()).at(-1)!
    expect(window!.reference).not.toBeNull()
    expect(window!.reference).not.toBe(window!.value)
    expect(weights[1]! + weights[2]!).toBeCloseTo(1, 10)
  })

  it('gives the same points after a restart in the middle', async () => {
    const run = async (project: string, restarts: readonly number[]) => {
      const loop = await start(project)
      for (let day = 0; day < 13; day++) {
        await loop.day(day, day < 7 ? {} : { wind: 1, meaning: day < 9 ? 1 : -1 }, { labels: day !== 6 })
        // A day's labels come two days late.
        if (day === 8) await loop.label(5)
        if (restarts.includes(day)) await loop.restartMonitoring()
      }
      const points = await loop.points()
      const [alert] = await loop.monitoring().alerts({ project, limit: 10 })
      return {
        points: points.map(({ endpoint: _, ...point }) => point),
        alert: { kinds: alert?.kinds, title: alert?.title, eventTime: alert?.eventTime },
      }
    }
    const through = await run('unbroken', [])
    const broken = await run('broken', [3, 6, 7, 8, 10])
    expect(broken).toEqual(through)
    // The late labels were counted once, in the period in which they came.
    expect(through.points.map(({ labelled }) => labelled)).toEqual([0, 48, 48, 48, 48, 48, 0, 48, 96, 48, 48, 48])
  })

  it('takes a correction of a label into the windows that follow', async () => {
    const loop = await start('corrected')
    await days(loop, 0, 5)
    const before = (await loop.points()).at(-1)!
    const wrong = Array.from({ length: 24 }, (_, i) => `corrected-2-${i}`)
    const logged = await Promise.all(wrong.map((id) => loop.serving.reads.prediction(id)))
    await loop.serving.feedback(
      logged.map((one) => ({ id: one!.id, label: one!.groundTruth!.label === '1' ? '0' : '1' })),
    )
    await days(loop, 5, 7)
    const after = (await loop.points()).at(-1)!
    expect(after.window!.value).toBeLessThan(before.window!.value - 0.02)
    // What was measured before the correction stays what it was, and no label counts twice.
    expect((await loop.points()).find(({ through }) => through === before.through)).toEqual(before)
    expect(after.labelled).toBe(48)
  })

  it('skips days without traffic, and gives the labels that came due in them one period', async () => {
    const loop = await start('holiday')
    await days(loop, 0, 3)
    await loop.label(2)
    await days(loop, 9, 12)
    const points = await loop.points()
    expect(points.map(({ through, predictions, labelled }) => [dayOf(through), predictions, labelled])).toEqual([
      [1, 48, 0],
      [2, 48, 48],
      [3, 48, 48],
      [9, 0, 48],
      [10, 48, 0],
      [11, 48, 48],
    ])
    expect(points.find(({ through }) => dayOf(through) === 9)!.window).toMatchObject({ n: 2 * 48 })
  })

  it('counts a prediction that is logged after its day in the period in which it comes', async () => {
    const loop = await start('tardy')
    await days(loop, 0, 2)
    const at = new Date(START + 6 * 3_600_000).toISOString()
    const late = Array.from({ length: 5 }, (_, i) => ({ at, load: i, wind: -1, shift: 'late' }))
    await loop.serving.predict({ endpoint: 'tardy', records: late })
    await days(loop, 2, 4)
    const points = await loop.points()
    expect(points.map(({ through, predictions }) => [dayOf(through), predictions])).toEqual([
      [1, 48],
      [2, 53],
      [3, 48],
    ])
  })

  it('lets one of two servers on the same database close a period, and both go on', async () => {
    const loop = await start('doubled')
    await days(loop, 0, 2)
    const other = openMonitoring({ ...loop.needs(), events: { ...loop.events, subscribe: () => {} } })
    open.push({ close: () => other.stop() })
    for (let day = 2; day < 7; day++) {
      await loop.day(day)
      other.noticed('doubled')
    }
    while (!(await other.settled('doubled'))) await new Promise((resolve) => setTimeout(resolve, 5))
    await loop.settle()
    const points = await loop.points()
    expect(points.map(({ through }) => dayOf(through))).toEqual([1, 2, 3, 4, 5, 6])
    expect(points.map(({ predictions }) => predictions)).toEqual(new Array(6).fill(48))
  })

  it('answers its routes: thinned series that keep their ends, alerts by page, and what does not exist', async () => {
    const loop = await start('asked')
    await days(loop, 0, 4)
    await days(loop, 4, 9, { meaning: -1 })
    const http = await openHttp({ log: loop.log, authorize: async () => ({ name: 'test', roles: [] }), version: '0' })
    mountMonitoring(http, loop.monitoring())
    const get = async (url: string) => {
      const reply = await http.fastify.inject({ url })
      return { status: reply.statusCode, body: reply.json() }
    }
    const all = (await get('/api/endpoints/asked/monitor')).body.points as { through: number }[]
    expect(all).toEqual(await loop.points())
    const three = (await get('/api/endpoints/asked/monitor?points=3')).body.points as { through: number }[]
    expect(three.map(({ through }) => dayOf(through))).toEqual([1, 5, 8])
    const some = (await get(`/api/endpoints/asked/monitor?from=${START + 3 * DAY}&to=${START + 5 * DAY}`)).body.points
    expect(some).toEqual(all.slice(2, 5))
    expect(await get('/api/endpoints/nobody/monitor')).toMatchObject({
      status: 404,
      body: { error: { code: 'ORRERY_DEPLOYMENTS_ENDPOINT_UNKNOWN' } },
    })

    const { alerts, next } = (await get('/api/alerts?endpoint=asked&open=yes&limit=5')).body
    expect([alerts.length, next]).toEqual([1, null])
    expect((await get(`/api/alerts/${alerts[0].id}`)).body).toEqual(alerts[0])
    expect(Object.keys(alerts[0]).sort()).toEqual(Object.keys(Alert.shape).sort())
    expect((await get('/api/alerts?endpoint=asked&open=no')).body.alerts).toEqual([])
    expect(await get('/api/alerts/none')).toMatchObject({
      status: 404,
      body: { error: { code: 'ORRERY_MONITORING_ALERT_UNKNOWN' } },
    })
    await http.fastify.close()
  })
})
