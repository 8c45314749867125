import pc from 'picocolors'
import { formatDuration } from '#platform/time'
import { padded, spinner } from '../screen.ts'
import { count, counted, elapsed, figure, percent } from '../wording.ts'
import { rangeOf, sparkline, versionBand } from './chart.ts'
import type { Progress } from './story.ts'

const LABEL = 16
const BAR = 24
/** Places right of the chart, for its last figure. */
const FIGURE = 12

/** The block at the bottom of a terminal: how far, who serves, how well, what is being worked on. */
export function statusBlock(progress: Progress, width: number): string[] {
  const { points, metric, windowMs, work } = progress
  const done = Math.round((progress.asked / Math.max(1, progress.rows)) * BAR)
  const lines = [
    '',
    `  ${padded(progress.day, LABEL)}${pc.cyan('█'.repeat(done))}${pc.dim('░'.repeat(BAR - done))}  ${traffic(progress)}`,
    `  ${padded(champion(progress), LABEL)}${history(progress)}`,
  ]
  const range = rangeOf(points)
  if (range) {
    const places = Math.max(10, Math.min(points.length, width - LABEL - FIGURE - 6))
    const chart = (values: (number | null)[]) => sparkline(values, places, range.low, range.high)
    const last = points.at(-1)!
    const row = (name: string, drawn: string, value: string) => `  ${padded(name, LABEL)}${drawn}  ${value}`
    const measured = windowMs === null ? metric : `${metric}, ${formatDuration(windowMs)}`
    lines.push(
      row('the loop', pc.cyan(chart(points.map((point) => point.value))), `${pc.bold(figure(last.value))} ${measured}`),
      row('left alone', pc.yellow(chart(points.map((point) => point.reference))), figure(last.reference)),
      row('version', pc.dim(versionBand(points, places)), ''),
    )
  }
  lines.push(work ? `  ${spinner()} ${pc.dim(`the world waits: ${work}`)}` : '')
  return lines
}

/** The same in one line, for logs. */
export function progressLine(progress: Progress): string {
  const { day, points, metric, work } = progress
  const last = points.at(-1)
  const measured = last?.value == null ? '' : `${metric} ${figure(last.value)}, left alone ${figure(last.reference)}`
  return [day, traffic(progress), champion(progress), measured, history(progress), work && `the world waits: ${work}`]
    .filter(Boolean)
    .join(' · ')
}

function traffic({ asked, rows, failed, perSecond, elapsedMs }: Progress): string {
  const failures = failed === 0 ? '0 failed' : pc.red(`${count(failed)} failed`)
  return `${count(asked)} of ${count(rows)} · ${count(perSecond)}/s · ${failures} · ${elapsed(elapsedMs)}`
}

function champion({ champion, canary }: Progress): string {
  if (champion === null) return 'nobody serves'
  return `v${champion}${canary ? ` · v${canary.version} ${percent(canary.share)}` : ''}`
}

function history({ retrainings, promotions, rollbacks, openAlerts }: Progress): string {
  const alerts = openAlerts > 0 ? pc.yellow(`${counted(openAlerts, 'alert')} open`) : 'no alert'
  return `${counted(retrainings, 'retraining')} · ${count(promotions)} promoted · ${count(rollbacks)} rolled back · ${alerts}`
}
