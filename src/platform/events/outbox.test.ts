import { expect, it } from 'vitest'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { eventMigrations, openEvents } from './index.ts'

const log = openLog({ level: 'silent' })

onEveryDatabase('events', eventMigrations, (storage) => {
  const open = () => openEvents({ storage: storage(), clock: systemClock, log })
  const tell = (events: ReturnType<typeof open>, subject: string, type = 'test.happened') =>
    storage().write((tx) => events.publish(tx, { type, subject, data: { subject } }))

  it('delivers in order, only the types asked for, and remembers where it was', async () => {
    const seen: string[] = []
    const first = open()
    first.subscribe('reader', ['test.happened'], async ({ subject }) => void seen.push(subject))
    await first.start()
    await tell(first, 'a')
    await tell(first, 'x', 'test.other')
    await tell(first, 'b')
    await expect.poll(() => first.settled()).toBe(true)
    await first.stop()
    await tell(first, 'c')

    const second = open()
    second.subscribe('reader', ['test.happened'], async ({ subject }) => void seen.push(subject))
    await second.start()
    await expect.poll(() => second.settled()).toBe(true)
    await second.stop()
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  it('tells nothing of a transaction that was undone', async () => {
    const events = open()
    const seen: string[] = []
    events.subscribe('undone', ['test.undone'], async ({ subject }) => void seen.push(subject))
    await events.start()
    await storage()
      .write(async (tx) => {
        await events.publish(tx, { type: 'test.undone', subject: 'never', data: {} })
        throw new Error('undo')
      })
      .catch(() => {})
    await tell(events, 'kept', 'test.undone')
    await expect.poll(() => seen).toEqual(['kept'])
    await events.stop()
  })

  it('delivers to those that subscribe late what happens from then on, and passes over types nobody asked for', async () => {
    const events = open()
    await events.start()
    await tell(events, 'before', 'test.late')
    const seen: string[] = []
    events.subscribe('late', ['test.late'], async ({ subject }) => void seen.push(subject))
    await expect.poll(() => events.settled()).toBe(true)
    await tell(events, 'other', 'test.unasked')
    await tell(events, 'after', 'test.late')
    await expect.poll(() => events.settled()).toBe(true)
    await tell(events, 'last', 'test.unasked')
    await events.stop()
    expect(seen).toEqual(['after'])

    // A type that a subscriber asks for one day begins then.
    const again = open()
    again.subscribe('late', ['test.late', 'test.unasked'], async ({ subject }) => void seen.push(subject))
    await again.start()
    await expect.poll(() => again.settled()).toBe(true)
    await again.stop()
    expect(seen).toEqual(['after'])
  })

  it('tries a failing handler again before it goes on', async () => {
    const events = open()
    let tries = 0
    const seen: string[] = []
    events.subscribe('stumbles', ['test.stumble'], async ({ subject }) => {
      if (subject === 'hard' && ++tries < 3) throw new Error('not yet')
      seen.push(subject)
    })
    await events.start()
    await tell(events, 'hard', 'test.stumble')
    await tell(events, 'after', 'test.stumble')
    await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['hard', 'after'])
    expect(tries).toBe(3)
    await events.stop()
  })

  it('sets an event aside that never succeeds, so that those behind it are delivered', async () => {
    const events = open()
    const seen: string[] = []
    events.subscribe('poisoned', ['test.poison'], async ({ subject }) => {
      if (subject === 'poison') throw new Error('never')
      seen.push(subject)
    })
    await events.start()
    await tell(events, 'poison', 'test.poison')
    await tell(events, 'after', 'test.poison')
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['after'])
    const rows = await storage()
      .reads<{ platform_undeliverable: { subscriber: string; reason: string } }>()
      .selectFrom('platform_undeliverable')
      .selectAll()
      .execute()
    expect(rows).toMatchObject([{ subscriber: 'poisoned', reason: 'Error: never' }])
    await events.stop()
  })

  it('lets a live listener hear commits, and forget them', async () => {
    const events = open()
    await events.start()
    const heard: string[] = []
    const stop = events.listen((event) => heard.push(event.subject))
    await tell(events, 'one')
    await expect.poll(() => heard).toEqual(['one'])
    stop()
    await tell(events, 'two')
    expect((await events.latest({ limit: 1 }))[0]?.subject).toBe('two')
    expect(heard).toEqual(['one'])
    await events.stop()
  })
})
