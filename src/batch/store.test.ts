import { expect, it } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import { batchMigrations } from './migrations.ts'
import { allSchedules, moveSchedule, replaceSchedules } from './store.ts'

onEveryDatabase('schedules of batches', batchMigrations, (storage) => {
  const replace = (project: string, written: Record<string, string>, now: number) =>
    storage().write((tx) =>
      replaceSchedules(
        tx,
        project,
        Object.entries(written).map(([name, cron]) => ({ name, written: cron })),
        now,
      ),
    )
  const kept = async () =>
    (await allSchedules(storage())).map(({ project, name, last }) => `${project}.${name} ${last}`).sort()

  it('count from when they were applied, and go on counting when they are applied again', async () => {
    await replace('a', { daily: '0 3 * * *', hourly: '0 * * * *' }, 100)
    await replace('b', { daily: '0 3 * * *' }, 100)
    await replace('a', { daily: '0 3 * * *', hourly: '30 * * * *' }, 200)
    expect(await kept()).toEqual(['a.daily 100', 'a.hourly 200', 'b.daily 100'])
    await replace('a', {}, 300)
    expect(await kept()).toEqual(['b.daily 100'])
  })

  it('are moved on by one server only', async () => {
    const [schedule] = await allSchedules(storage())
    const move = (now: number) => storage().write((tx) => moveSchedule(tx, schedule!, now))
    expect(await move(500)).toBe(true)
    expect(await move(501)).toBe(false)
    expect(await kept()).toEqual(['b.daily 500'])
  })
})
