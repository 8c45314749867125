import { rowMillis, type World } from '#worlds'
import type { ProjectFolder } from '../project-folder.ts'
import { daysOf } from '../replay/days.ts'
import { liveDay } from '../replay/live-day.ts'
import type { Traffic } from '../replay/traffic.ts'
import type { Server } from '../server.ts'
import { count, eventDay } from '../wording.ts'
import { TrafficFails } from './errors.ts'
import type { Story } from './story.ts'
import { watchLife } from './watch.ts'

/** When so many requests have failed, and more than were answered, there is nothing left to show. */
const HOPELESS = 50

export interface Life {
  readonly url: string
  readonly server: Server
  readonly qa: Server
  readonly world: World
  readonly project: ProjectFolder
  readonly traffic: Traffic
  /** The first row that is not lived through. */
  readonly until: number
}

/** Traffic in time order, labels after their delay, and a loop that keeps in step: the sixth and seventh part. */
export async function tellLife(story: Story, life: Life): Promise<void> {
  const { server, qa, world, project, traffic, until } = life
  const name = project.spec.project
  const endpoint = Object.keys(project.spec.deploy)[0]!
  const rows = until - world.history
  const dayOf = (row: number) => eventDay(rowMillis(world, world.rows[row]!))
  story.chapter(6, 'Traffic arrives in time order; labels come late')
  story.tell({
    event: 'traffic',
    text: `${count(rows)} rows from ${dayOf(world.history)} to ${dayOf(until - 1)}, one request each; ${delayWords(world)}`,
    more: ['The world waits while the loop works, and qa signs by itself.'],
    data: { rows, from: dayOf(world.history), to: dayOf(until - 1) },
  })
  story.chapter(7, 'The world changes, and the loop keeps in step')
  let today = dayOf(world.history)
  const watch = watchLife(story, {
    ...life,
    project: name,
    endpoint,
    rows,
    metric: world.task === 'regression' ? 'mae' : 'roc_auc',
    today: () => today,
  })
  const schedule = [...world.schedule]
  try {
    for (const day of daysOf(world, until)) {
      today = day.date
      while (schedule[0] && schedule[0].date <= today) tellWorld(story, world, schedule.shift()!)
      await liveDay({ server, qa, world, project: name, endpoint, traffic }, day)
      const { failed, answered } = traffic.counts
      if (failed >= HOPELESS && failed > answered) throw new TrafficFails(failed, traffic.firstFailure!)
    }
  } finally {
    await watch.stop()
  }
}

function tellWorld(story: Story, world: World, { date, kind, title, expect }: World['schedule'][number]): void {
  story.tell({
    event: 'world',
    day: date,
    text: `${world.simulated ? 'in the simulated world' : 'in the world'}: ${title}`,
    more: [expect],
    data: { kind },
  })
}

function delayWords({ labelDelay }: World): string {
  return 'rows' in labelDelay
    ? `its label comes ${labelDelay.rows} rows later`
    : `its label comes ${Math.round(labelDelay.milliseconds / 86_400_000)} days later`
}
