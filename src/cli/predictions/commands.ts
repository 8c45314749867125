import type { Command } from 'commander'

/** `orrery predictions …`: the commands, without their code, which each loads when it is asked for. */
export function declarePredictionCommands(program: Command, set: (code: number) => void): void {
  const predictions = program.command('predictions').description('the prediction log: ask it, take it along')
  predictions
    .command('query')
    .description('one SELECT of DuckDB over the table predictions: the log of an endpoint with its ground truth')
    .argument('<endpoint>')
    .argument('<sql>')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExample: orrery predictions query churn-risk "SELECT version, count(*), avg(value) FROM predictions GROUP BY 1"`,
    )
    .action(async (endpoint, sql, options) =>
      set(await (await import('./predictions.ts')).queryPredictions(endpoint, sql, options)),
    )
  predictions
    .command('export')
    .description('the log of an endpoint with its ground truth as a Parquet file')
    .argument('<endpoint>')
    .option('--out <file>', '<endpoint>-predictions.parquet when absent')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: orrery predictions export churn-risk --out log.parquet')
    .action(async (endpoint, options) =>
      set(await (await import('./predictions.ts')).exportPredictions(endpoint, options)),
    )
}
