import type { Summary } from '../../src/cli/demo/summary.ts'

export interface PhaseRun {
  readonly phase: number
  /** Rows of the first training. */
  readonly start: number
  readonly loop: Summary
  readonly calendar: Summary | undefined
  readonly days: number
}

/** The mean over starting phases, because one path varies by ± 0.005. */
export function printElec2(runs: readonly PhaseRun[]): void {
  const row = (cells: readonly unknown[]) => console.log(`| ${cells.join(' | ')} |`)
  console.log(`\nElec2, mean ROC-AUC of tenths 2 to 10, ${runs.length} of its starting phases\n`)
  const head = [
    ...['first training', 'left alone', 'loop', 'retrainings', 'promoted', 'rolled back', 'failed'],
    ...['calendar', 'every', 'retrainings', 's'],
  ]
  row(head)
  row(head.map(() => '---'))
  for (const { start, loop, calendar, days } of runs)
    row([
      ...[start, auc(loop.static), auc(loop.loop), loop.retrainings, loop.promotions, loop.rollbacks, loop.failed],
      ...[auc(calendar?.loop), calendar ? `${days} d` : '', calendar?.retrainings ?? '', Math.round(loop.seconds)],
    ])
  const mean = (of: (run: PhaseRun) => number | null | undefined) => {
    const known = runs.map(of).filter((value) => value != null)
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
  }
  const whole = (value: number | null) => value?.toFixed(1) ?? ''
  row([
    ...['**mean**', auc(mean((run) => run.loop.static)), `**${auc(mean((run) => run.loop.loop))}**`],
    ...[whole(mean((run) => run.loop.retrainings)), whole(mean((run) => run.loop.promotions))],
    ...[whole(mean((run) => run.loop.rollbacks)), whole(mean((run) => run.loop.failed))],
    ...[auc(mean((run) => run.calendar?.loop)), '', whole(mean((run) => run.calendar?.retrainings))],
    whole(mean((run) => run.loop.seconds)),
  ])
  console.log('\nby tenth (loop, phase 0): ', runs[0]!.loop.byPart.map((part) => auc(part.loop)).join(' '))
  console.log('left alone (phase 0):     ', runs[0]!.loop.byPart.map((part) => auc(part.static)).join(' '))
}

export function printBike({ static: alone, loop, retrainings, promotions, rollbacks, failed, seconds }: Summary): void {
  console.log('\nBike sharing, MAE over July 2011 to December 2012, the same configuration\n')
  console.log('| left alone | loop | retrainings | promoted | rolled back | failed | s |')
  console.log('| --- | --- | --- | --- | --- | --- | --- |')
  const cells = [alone?.toFixed(1), `**${loop?.toFixed(1)}**`, retrainings, promotions, rollbacks, failed]
  console.log(`| ${[...cells, Math.round(seconds)].join(' | ')} |`)
}

const auc = (value: number | null | undefined) => value?.toFixed(4) ?? ''
