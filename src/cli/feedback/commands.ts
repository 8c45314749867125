import type { Command } from 'commander'

const all = (value: string, before: string[] = []) => [...before, value]

/** `orrery feedback …`: the commands, without their code, which each loads when it is asked for. */
export function declareFeedbackCommands(program: Command, set: (code: number) => void): void {
  const feedback = program
    .command('feedback')
    .description('what people say of answers: give it, send a file of it, read it')
  feedback
    .command('give')
    .description('a rating, a comment, what the answer should have been')
    .argument('[prediction]', 'its id; without one it is about --endpoint')
    .option('--endpoint <name>', 'the endpoint it is about')
    .option('--rating <rating>', 'up, down, or 1 to 5')
    .option('--value <value>', 'what the answer should have been')
    .option('--comment <text>')
    .option('--person <name>', 'who says it')
    .option('--tag <tag>', 'may be repeated', all)
    .option('--id <id>', 'your own: sent again under it, it replaces what was said')
    .option('--time <time>', 'when it was said, ISO 8601; now when absent')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample: orrery feedback give 01J8Z0N6 --rating down --value no --comment "left last week"',
    )
    .action(async (prediction, options) => set(await (await import('./feedback.ts')).giveFeedback(prediction, options)))
  feedback
    .command('send')
    .description('a file of feedback: one JSON object a line, with the fields of POST /feedback')
    .argument('<file>', 'a file; - reads what is piped in')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: orrery feedback send tickets.jsonl')
    .action(async (file, options) => set(await (await import('./feedback.ts')).sendFeedback(file, options)))
  feedback
    .command('show')
    .description('what people said of an endpoint: counts, ratings, disagreement, the latest words')
    .argument('<endpoint>')
    .option('--disagrees', 'only who would have answered otherwise')
    .option('--tag <tag>', 'only with this tag')
    .option('--limit <number>', 'how many of the latest', '10')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: orrery feedback show churn-risk --disagrees')
    .action(async (endpoint, options) => set(await (await import('./feedback.ts')).showFeedback(endpoint, options)))
}
