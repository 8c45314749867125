import pc from 'picocolors'
import type { Server } from '../server.ts'
import { padded } from '../screen.ts'
import { renderTrace } from '../trace-tree.ts'
import { count, elapsed, figure, signed } from '../wording.ts'
import { pages } from '../pages.ts'
import type { Summary } from './summary.ts'

/** The eighth part for people: the model left alone against the loop, and the whole past of one answer. */
export async function printEnding(
  summary: Summary,
  { server, url, project, home, kept }: { server: Server; url: string; project: string; home: string; kept: boolean },
): Promise<void> {
  const print = (line = '') => console.log(line)
  print(scoreTable(summary))
  print()
  const fact = (name: string, value: string) => print(`  ${padded(name, 20)} ${value}`)
  fact('retrainings', `${summary.retrainings} · ${summary.promotions} promoted · ${summary.rollbacks} rolled back`)
  fact('alerts', count(summary.alerts))
  fact('predictions served', count(summary.predictions))
  fact('failed', summary.failed === 0 ? pc.green('0') : pc.red(count(summary.failed)))
  fact('time', elapsed(summary.seconds * 1000))
  if (summary.predictionId) {
    print(`\n${pc.dim('$')} orrery trace ${summary.predictionId}`)
    print(renderTrace(await server.trace({ params: { prediction: summary.predictionId } }), url))
  }
  print()
  if (kept) print(`Look at it: ${pc.bold(pages.loop(url, project))}   Ctrl-C ends the server.`)
  else
    print(
      `Look at it: ${pc.bold(`npx orrery up --home ${home}`)}, then http://127.0.0.1:7979/${project}. ` +
        'Next time, --keep leaves the server running.',
    )
}

function scoreTable({ metric, byPart, static: alone, loop }: Summary): string {
  const better = (a: number | null, b: number | null) =>
    a === null || b === null ? '' : metric === 'mae' ? signed(a - b) : signed(b - a)
  const line = (part: string, rows: string, a: string, b: string, gain: string) =>
    `  ${padded(part, 20)} ${rows.padStart(8)} ${a.padStart(12)} ${b.padStart(12)} ${gain.padStart(9)}`
  const rows = byPart.reduce((sum, part) => sum + part.rows, 0)
  return [
    pc.dim(line(metric, 'rows', 'left alone', 'the loop', 'better by')),
    ...byPart.map((part) =>
      line(part.part, count(part.rows), figure(part.static), figure(part.loop), better(part.static, part.loop)),
    ),
    pc.bold(line('all', count(rows), figure(alone), figure(loop), better(alone, loop))),
  ].join('\n')
}
