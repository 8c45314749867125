import { parseDocument } from 'yaml'
import { rowMillis, type World } from '#worlds'

const DAY = 86_400_000

/** The calendar that would have retrained as often as the loop did, whatever came of it: an age, and no other reason. */
export function fixedCalendar(world: World, retrainings: number): { days: number; edit: (file: string) => string } {
  const first = rowMillis(world, world.rows[world.history]!)
  const last = rowMillis(world, world.rows.at(-1)!)
  const days = Math.max(1, Math.round((last - first) / DAY / (retrainings + 1)))
  return {
    days,
    edit: (file) => {
      const document = parseDocument(file)
      document.set('when', [{ if: `version.age > duration("${days}d")`, run: 'pipeline', not_within: `${days}d` }])
      return document.toString()
    },
  }
}
