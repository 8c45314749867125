import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import { DAY, loopMigrations, openLoop, START, world } from './loop.fixture.ts'

// Models are trained and answered with for real; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 })

type Loop = Awaited<ReturnType<typeof openLoop>>

onEveryDatabase('roll-outs on a real gateway', loopMigrations, (storage) => {
  const open: Loop[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()))
  })

  async function start(project: string, strategy: string, more = '') {
    const loop = await openLoop(storage(), project, { strategy, deploy: more })
    open.push(loop)
    await loop.release((await loop.register(1, 0)).version)
    return loop
  }

  let sent = 0
  /** Requests of one moment of event time with their labels; `user` is what arms are kept by. */
  async function ask(loop: Loop, rows: number, { users = rows, meaning = 1, gaps = false } = {}) {
    const { frame, truth } = world(rows, 77 + sent, { meaning })
    const records = Array.from({ length: rows }, (_, i) => ({
      at: new Date(START + 3 * DAY + sent++).toISOString(),
      user: `u${i % users}`,
      ...Object.fromEntries(
        frame.columns.map((column) => [
          column.name,
          column.kind === 'numeric' ? column.values[i]! : column.categories[column.codes[i]!]!,
        ]),
      ),
      ...(gaps && { wind: null }),
    }))
    const { predictions } = await loop.serving.predict({ endpoint: loop.project, records })
    await loop.serving.feedback(predictions.map(({ id }, i) => ({ id, label: String(truth[i]!) })))
    return predictions
  }

  const last = async (loop: Loop) => (await loop.deployments.rollouts({ endpoint: loop.project }))[0]!
  async function byClock(loop: Loop) {
    await loop.settle()
    loop.monitoring().lookByClock(loop.project)
    await loop.settle()
    return last(loop)
  }

  it('mirrors to the shadow, which answers nothing, until it has seen enough', async () => {
    const loop = await start('mirror', '{ shadow: true, requests: 60 }')
    await loop.release((await loop.register(2, 0)).version)
    const answers = await ask(loop, 40)
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set([1]))
    expect(Object.keys((await loop.serving.reads.list('mirror', { limit: 1 }))[0]!.scores)).toEqual(['1', '2'])
    expect((await byClock(loop)).state).toBe('shadow')
    await ask(loop, 40)
    const promoted = await byClock(loop)
    expect(promoted.state).toBe('promoted')
    const { evidence } = promoted.history.at(-1)!
    expect(evidence).toMatchObject({ requests: 80, labels: 80, errors: { candidate: { count: 0, requests: 80 } } })
    expect(evidence!.answers!.psi).toBeGreaterThanOrEqual(0)
    expect((await ask(loop, 5)).every(({ version }) => version === 2)).toBe(true)
    const { looks } = await loop.deployments.looks(promoted.id)
    expect(looks.map(({ state }) => state)).toEqual(['shadow', 'shadow'])
  })

  it('switches blue to green at once, tells what decisions are worth, and goes back by hand to what stayed warm', async () => {
    const loop = await start(
      'colours',
      '{ blue_green: true, requests: 1000 }',
      'value: { unit: EUR, right: 1, wrong: -1 }',
    )
    await loop.release((await loop.register(2, 0)).version)
    expect((await ask(loop, 30)).every(({ version }) => version === 2)).toBe(true)
    const baking = await byClock(loop)
    expect(baking.state).toBe('baking')
    const { looks } = await loop.deployments.looks(baking.id)
    expect(looks.at(-1)!.evidence.value).toMatchObject({ unit: 'EUR' })
    await loop.deployments.rollBack('colours', 'ada', 'complaints')
    await loop.serving.warm('colours')
    expect((await ask(loop, 30)).every(({ version }) => version === 1)).toBe(true)
    expect(await last(loop)).toMatchObject({ state: 'aborted', history: [{}, {}, {}, { by: 'ada' }] })
  })

  it('keeps everybody in their arm and decides the experiment, for the better and for the worse', async () => {
    const strategy = '{ ab: { by: { column: user }, min_effect: 0.2, share: 50% } }'
    // What decides is the experiment, not the rule that takes worse versions back.
    const rule = 'roll_back_if: errors.rate > 0.5'
    const loop = await start('trial', strategy, rule)
    // Trained on a world that means the opposite: as wrong as can be.
    await loop.release((await loop.register(2, 0, { meaning: -1 })).version)
    const arms = new Map<string, Set<number>>()
    for (let round = 0; round < 3; round++)
      (await ask(loop, 300)).forEach(({ version }, i) => {
        arms.set(`u${i}`, (arms.get(`u${i}`) ?? new Set()).add(version))
      })
    expect([...arms.values()].every((versions) => versions.size === 1)).toBe(true)
    expect(new Set([...arms.values()].flatMap((versions) => [...versions]))).toEqual(new Set([1, 2]))
    const lost = await byClock(loop)
    expect(lost.state).toBe('rolled_back')
    expect(lost.history.at(-1)!.evidence!.experiment).toMatchObject({ decided: 'worse', alpha: 0.05 })

    const other = await start('gain', strategy, rule)
    await other.release((await other.register(2, 0, { meaning: -1 })).version)
    for (let round = 0; round < 3; round++) await ask(other, 300, { meaning: -1 })
    const won = await byClock(other)
    expect(won.state).toBe('promoted')
    const { experiment } = won.history.at(-1)!.evidence!
    expect(experiment!.lower).toBeGreaterThan(0)
    expect(experiment!.arms.control.units + experiment!.arms.treatment.units).toBe(300)
    expect(experiment!.arms.control.answers + experiment!.arms.treatment.answers).toBe(900)
  })

  it('ranks challengers in the shadow and promotes the best by rule; who has been there longest makes room', async () => {
    const loop = await start('ring', '{ challengers: 2, promote_if: "labels >= 100 && improvement.lower95 > 0" }')
    for (const [seed, meaning] of [
      [2, 1],
      [3, -1],
      [4, 1],
    ] as const)
      await loop.release((await loop.register(seed, 0, { meaning })).version)
    const under = await loop.deployments.rollouts({ endpoint: 'ring', unfinished: true })
    expect(under.map(({ version, state }) => [version, state])).toEqual([
      [4, 'challenger'],
      [3, 'challenger'],
    ])
    // The world turns: only v3 knows it as it is now.
    await ask(loop, 200, { meaning: -1 })
    await byClock(loop)
    const all = await loop.deployments.rollouts({ endpoint: 'ring' })
    const byVersion = new Map(all.map((one) => [one.version, one]))
    expect(byVersion.get(3)!.state).toBe('promoted')
    expect(byVersion.get(3)!.history.at(-1)!.note).toContain('1 of 2 challengers')
    expect(byVersion.get(4)!.state).toBe('challenger')
    expect(byVersion.get(2)!.state).toBe('aborted')
    expect((await loop.deployments.endpoint('ring')).champion).toBe(3)
  })

  it('takes a version back by alarm when it fails, without waiting for a period', async () => {
    const loop = await start('alarm', '{ canary: [50%, 100%], hold: 7d }')
    loop.makeStrict(2)
    await loop.release((await loop.register(2, 0)).version)
    await loop.monitoring().start()
    for (let i = 0; i < 5; i++) await ask(loop, 20, { gaps: true })
    const waited = Date.now()
    while ((await last(loop)).state === 'canary' && Date.now() - waited < 60_000) await sleep(50)
    expect(await last(loop)).toMatchObject({ state: 'rolled_back' })
    expect((await last(loop)).history.at(-1)!.note).toMatch(
      /^alarm: v2 failed (\d+) requests of \1 .*errors\.rate = 1$/,
    )
  })

  it('answers with the version that the file names: at once where it was before, by its steps where it was not', async () => {
    const loop = await start('pinned', '{ rolling: true }')
    await loop.release((await loop.register(2, 0)).version)
    const champion = async () => (await loop.deployments.endpoint('pinned')).champion
    expect(await champion()).toBe(2)
    await loop.deployments.pin('pinned', 1)
    expect(await champion()).toBe(1)
    expect((await loop.registry.model('pinned')).aliases.champion).toBe(1)
    expect((await ask(loop, 5)).map(({ version }) => version)).toEqual([1, 1, 1, 1, 1])
    // One that is on its way makes room for the one that is asked for, and nothing happens twice.
    const { version } = await loop.register(3, 0)
    await loop.deployments.begin('pinned', version)
    await loop.deployments.pin('pinned', 1)
    await loop.deployments.pin('pinned', 1)
    expect(await last(loop)).toMatchObject({ version: 3, state: 'aborted' })
    expect((await last(loop)).history.at(-1)!.note).toContain('the project file asks for v1')
    const fourth = (await loop.register(4, 0)).version
    await loop.deployments.pin('pinned', fourth)
    expect(await last(loop)).toMatchObject({ version: fourth, state: 'staging' })
    expect(await champion()).toBe(1)
    await loop.release(fourth)
    expect(await champion()).toBe(fourth)
    await expect(loop.deployments.pin('pinned', 99)).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_VERSION_UNKNOWN' })
  })

  it('stands still while paused, and follows a person who skips, resumes and aborts', async () => {
    const loop = await start('hands', '{ canary: [10%, 50%, 100%], requests: 10 }')
    await loop.release((await loop.register(2, 0)).version)
    const steer = (action: 'pause' | 'resume' | 'skip' | 'abort') =>
      loop.deployments.steer('hands', 'ada', { action, reason: 'because' })
    await steer('pause')
    await ask(loop, 50)
    expect(await byClock(loop)).toMatchObject({ state: 'canary', share: 0.1 })
    expect(await steer('skip')).toMatchObject({ share: 0.5, paused: null })
    await byClock(loop)
    await ask(loop, 50)
    expect(await byClock(loop)).toMatchObject({ state: 'promoted' })
    await expect(steer('abort')).rejects.toMatchObject({ code: 'ORRERY_DEPLOYMENTS_NO_ROLLOUT', status: 409 })
    const { version } = await loop.register(3, 0)
    await loop.deployments.begin('hands', version)
    await expect(steer('skip')).rejects.toMatchObject({ code: 'ORRERY_DEPLOYMENTS_ROLLOUT_NOT_LIVE', status: 409 })
    expect(await steer('abort')).toMatchObject({ state: 'aborted' })
  })
})
