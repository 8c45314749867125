import { type Command, Option } from 'commander'

const SERVER = () => new Option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
const JSON_OUT = () => new Option('--json', 'print JSON')

const STEERED = {
  pause: 'no step follows until it is resumed; a rule still takes the version back',
  resume: 'a paused roll-out goes on',
  skip: 'the next step begins now; checks and signatures cannot be skipped',
  abort: 'ends it: the version answers nothing more',
} as const

export function declareRolloutCommands(program: Command, set: (code: number) => void): void {
  const rollout = program.command('rollout').description('how a version takes over: watch it, steer it, go back')
  rollout
    .command('status')
    .description('the roll-out of an endpoint: steps, evidence, decisions')
    .argument('<endpoint>')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery rollout status churn')
    .action(async (endpoint, options) => set(await (await import('./rollout.ts')).rolloutStatus(endpoint, options)))
  for (const action of ['pause', 'resume', 'skip', 'abort'] as const)
    rollout
      .command(action)
      .description(STEERED[action])
      .argument('<endpoint>')
      .requiredOption('--reason <text>', 'why, for the record')
      .option('--version <number>', 'which, where several are under way')
      .addOption(SERVER())
      .addOption(JSON_OUT())
      .addHelpText('after', `\nExample: orrery rollout ${action} churn --reason "the shop is being moved"`)
      .action(async (endpoint, options) =>
        set(await (await import('./rollout.ts')).steerRollout(action, endpoint, options)),
      )
  rollout
    .command('back')
    .description('the previous version answers from the next request on')
    .argument('<endpoint>')
    .requiredOption('--reason <text>', 'why, for the record')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery rollout back churn --reason "complaints about v8"')
    .action(async (endpoint, options) => set(await (await import('./rollout.ts')).rollBack(endpoint, options)))
  rollout
    .command('sample-size')
    .description('how many answers an experiment takes to see an effect')
    .requiredOption('--base-rate <rate>', 'the rate of the control, such as 0.1')
    .requiredOption('--min-effect <difference>', 'the least difference that would matter, such as 0.01')
    .option('--alpha <risk>', 'of seeing a difference that is none', '0.05')
    .option('--power <chance>', 'of seeing the difference', '0.8')
    .option('--share <percent>', 'of the new version', '50%')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery rollout sample-size --base-rate 0.1 --min-effect 0.01')
    .action(async (options) => set(await (await import('./rollout.ts')).experimentSize(options)))
}
