import { Command, CommanderError, Option } from 'commander'
import { version } from '../version.ts'
import { declareDataCommands } from './data/commands.ts'
import { DONE, exitCodeOf, WRONG_USE } from './exit.ts'
import { declareFeedbackCommands } from './feedback/commands.ts'
import { declareFeatureCommands } from './features/commands.ts'
import { printError } from './output.ts'
import { declarePredictionCommands } from './predictions/commands.ts'
import { declareRolloutCommands } from './rollout-commands.ts'

const SERVER = () => new Option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
const JSON_OUT = () => new Option('--json', 'print JSON')
const FILE = () => new Option('-f, --file <path>', 'the project file').default('orrery.yaml')

/**
 * Runs one command. Commands are loaded when they are asked for: `orrery up` should not wait for the demo's code.
 *
 * @returns the exit code
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  let code = DONE
  const program = new Command('orrery')
    .description('One program that carries a model round its whole life and keeps it in step with the world.')
    .version(version)
    // Only before the command: some have a --version of their own.
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
  const set = (result: number) => {
    code = result
  }

  withConfig(program.command('up').description('start the server'))
    .addHelpText('after', '\nExample: orrery up --port 8080 --home ~/orrery')
    .action(async (options) => set(await (await import('./up.ts')).up(await settings(options))))

  program
    .command('serve')
    .description('serve a model file without a project: Open Inference Protocol, MLflow’s /invocations, /predict')
    .argument('<what>', 'an .onnx file, a folder of them, or a registered version such as price-up@8')
    .option('--name <name>', 'name of the model; the file’s own when absent')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes a free one', '7979')
    .option('--grpc-port <port>', 'port for gRPC; none when absent')
    .option('--max-body <bytes>', 'largest request, packed or unpacked', String(64 * 1024 * 1024))
    .option('--log <level>', 'least level logged', 'warn')
    .addHelpText('after', '\nExample: orrery serve models/resnet.onnx --port 8080 --grpc-port 8081')
    .action(async (what, options) => set(await (await import('./serve/serve.ts')).serve(what, options)))

  program
    .command('camera')
    .description('send pictures to an endpoint in real time, as a camera would')
    .argument('<source>', 'a folder of pictures, or the address of an MJPEG stream')
    .requiredOption('--endpoint <name>', 'the endpoint that answers')
    .option('--fps <number>', 'frames per second', '5')
    .option('--frames <number>', 'stop after so many')
    .option('--light <factor>', 'multiply the brightness of a folder’s pictures: 0.4 is dusk')
    .option('--labels', 'send the name of each picture’s folder as the truth')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery camera pictures --endpoint pet-gate --fps 10')
    .action(async (source, options) => set(await (await import('./camera/camera.ts')).camera(source, options)))

  program
    .command('demo')
    .description('the whole life of a model, from a table to a replacement in production')
    .option(
      '--data <path>',
      'a table to live through instead of the simulated telecom: Elec2, Telco churn or bike sharing',
    )
    .option('--sha256 <digest>', 'the content a URL must have')
    .option('--keep', 'leave the server running at the end')
    .option('--port <port>', 'port to listen on', '0')
    .option('--home <folder>', 'folder for its state; a new one inside .orrery when absent')
    .option('--seed <number>', 'seed of the simulated world', '7')
    .option('--rows <number>', 'live at most so many rows')
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: npm run demo -- --data ../shared/data/elec2/elec2.csv')
    .action(async (options) => set(await (await import('./demo/demo.ts')).demo(options)))

  program
    .command('plan')
    .description('what `orrery apply` would change, and where the server is not as the file says')
    .addOption(FILE())
    .option('--check', 'exit with 1 when there is either')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery plan --file examples/churn/orrery.yaml')
    .action(async (options) => set(await (await import('./apply.ts')).plan(options)))

  program
    .command('apply')
    .description('make the server follow the project file')
    .addOption(FILE())
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: cd examples/churn && orrery apply')
    .action(async (options) => set(await (await import('./apply.ts')).apply(options)))

  program
    .command('run')
    .description('run the pipeline and follow it')
    .addOption(FILE())
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .option('--reason <text>', 'why, for the record', 'asked for by a person')
    .option('--detach', 'do not wait for its end')
    .addHelpText('after', '\nExample: orrery run --reason "new features"')
    .action(async (options) => set(await (await import('./run.ts')).run(options)))

  program
    .command('status')
    .description('how every project keeps in step')
    .argument('[project]', 'tells its stages and what waits for you, too')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery status churn')
    .action(async (project, options) => set(await (await import('./status.ts')).status(project, options)))

  program
    .command('memory')
    .description('which models are in memory, where they run and what they take')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery memory')
    .action(async (options) => set(await (await import('./memory.ts')).memory(options)))

  program
    .command('trace')
    .description('the past of one answer')
    .argument('<prediction>', 'a prediction id')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery trace 01JD3W8Z0M7QK')
    .action(async (id, options) => set(await (await import('./trace.ts')).trace(id, options)))

  program
    .command('certify')
    .description('sign that a version may reach production, or refuse it')
    .argument('<model@version>', 'such as price-up@8')
    .option('--note <text>', 'what you looked at, or why not', '')
    .option('--report <hash>', 'of the report that you read; another one by now is refused')
    .option('--refuse', 'say that it must not reach production')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: ORRERY_TOKEN=… orrery certify price-up@8 --note "segments and fairness reviewed"')
    .action(async (name, options) => set(await (await import('./certify.ts')).certify(name, options)))

  program
    .command('package')
    .description('make a model that training code registered servable: ONNX, with checked parity')
    .argument('<model@version>', 'such as forest@3')
    .option('--project <name>', 'judge it on the rows of this project; the model’s own when absent')
    .addOption(
      new Option('--task <task>', 'of an ONNX model that does not tell').choices([
        'binary',
        'multiclass',
        'regression',
      ]),
    )
    .option(
      '--python',
      'let Python answer for it as it was logged, in an environment of its own, though it could be converted',
    )
    .option('--classes <label...>', 'of a model that does not tell, in the order of its probabilities')
    .option('--detach', 'do not wait for its end')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery package forest@3')
    .action(async (name, options) => set(await (await import('./package.ts')).packageModel(name, options)))

  program
    .command('compose')
    .description(
      'make a version out of packaged versions that answer together: in a chain, combined, or chosen by the row',
    )
    .argument('<model>', 'what the version is of')
    .argument('<file>', 'YAML with `parts` and `answer`')
    .option('--project <name>', 'judge it on the held-back rows of this project')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery compose price-all graph.yaml')
    .action(async (model, file, options) => set(await (await import('./compose.ts')).compose(model, file, options)))

  program
    .command('deploy')
    .description('put a packaged version on an endpoint outside of any project')
    .argument('<model@version>', 'such as forest@3')
    .option('--endpoint <name>', 'the name of the model when absent')
    .addOption(
      new Option('--environment <name>', 'production answers with certified versions only')
        .choices(['production', 'staging', 'development'])
        .default('production'),
    )
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery deploy forest@3 --endpoint forest-try --environment staging')
    .action(async (name, options) => set(await (await import('./deploy.ts')).deploy(name, options)))

  program
    .command('export')
    .description('take a packaged version along: an npm package, a Python package, or what an image is built of')
    .argument('<model@version>', 'such as price-up@8 or price-up@champion')
    .addOption(new Option('--as <form>', 'what it becomes').choices(['npm', 'python', 'oci']).makeOptionMandatory())
    .option('--out <folder>', 'its files in this folder, new or empty; an archive in the current one when absent')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery export price-up@champion --as npm && npm install ./price-up-8.0.0.tgz')
    .action(async (name, options) => set(await (await import('./export.ts')).exportVersion(name, options)))

  program
    .command('score')
    .description('score every row of a table, or every picture, into a file or a database')
    .argument('<scorer>', 'model@version, model@alias, or an endpoint: then its champion')
    .argument(
      '[input]',
      'a CSV, JSON or Parquet file, a glob, or a folder of pictures, where the server runs; or data:<name>[@<version>]',
    )
    .requiredOption('--into <output>', 'a path ending in .parquet, sqlite:<path> or postgres://…')
    .option('--query <sql>', 'one SELECT over the data sets of the project, instead of an input')
    .option('--project <name>', 'whose data sets they are')
    .option('--table <name>', 'of a database (default predictions)')
    .option('--keep <column...>', 'columns of the input that stand beside each answer')
    .option('--overwrite', 'replace a file that is there')
    .option('--part-rows <number>', 'rows that are committed at once (default 100000)')
    .option('--detach', 'do not wait for its end')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText(
      'after',
      '\nExample: orrery score churn-risk new/*.csv --into scores.parquet --keep customer_id\n' +
        '         orrery score churn-risk@3 data:customers --project churn --into sqlite:scores.db\n' +
        '         orrery score pet-gate frames/ --into pets.parquet',
    )
    .action(async (scorer, input, options) => set(await (await import('./score.ts')).score(scorer, input, options)))

  program
    .command('history')
    .description('which version of a model was in production when')
    .argument('<model>')
    .option('--at <time>', 'only what it was then: a day (2026-03-03) or an instant (2026-03-03T14:05Z)')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery history price-up --at 2026-03-03')
    .action(async (model, options) => set(await (await import('./history.ts')).history(model, options)))

  const imports = program.command('import').description('bring over what another tool keeps')
  imports
    .command('mlflow')
    .description('experiments, runs, histories, artifacts and registry of an MLflow; again, what is new since')
    .argument('<source>', 'http://… of a tracking server, an mlruns folder, or sqlite:///path/to/mlflow.db')
    .option('--artifacts <folder>', 'where mlflow-artifacts: leads to, for a folder or a database')
    .option('--thorough', 'read again what has not changed since the last import')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText(
      'after',
      '\nThe source is asked with MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN.\n' +
        'Exit code 1: the counts at the end differ from the source; what differs is named.\n' +
        '\nExample: orrery import mlflow http://mlflow.example.org:5000',
    )
    .action(async (source, options) =>
      set(await (await import('./import/import-mlflow.ts')).importMlflow(source, options)),
    )

  declareDataCommands(program, set)
  declareFeatureCommands(program, set)
  declarePredictionCommands(program, set)
  declareFeedbackCommands(program, set)
  declareRolloutCommands(program, set)

  const token = program.command('token').description('service accounts and their tokens')
  withConfig(token.command('create').description('a new token; its secret is printed once'))
    .argument('<name>')
    .requiredOption('--role <role...>', 'admin, engineer, qa, app or viewer')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery token create ci --role engineer')
    .action(async (name, options) => set(await (await import('./token.ts')).createToken(name, options)))
  withConfig(token.command('list').description('every token, and whether it is still good'))
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .action(async (options) => set(await (await import('./token.ts')).listTokens(options)))
  withConfig(token.command('revoke').description('ends a token at once'))
    .argument('<id>', 'as `orrery token list` shows it')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .action(async (id, options) => set(await (await import('./token.ts')).revokeToken(id, options)))

  withConfig(
    program.command('config').description('settings').command('print').description('every setting, secrets masked'),
  )
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: ORRERY_PORT=8080 orrery config print')
    .action(async (options) => {
      const { maskSecrets } = await import('../config.ts')
      console.log(JSON.stringify(maskSecrets(await settings(options)), null, 2))
    })

  withConfig(program.command('doctor').description('what is wrong here, and what to do about it'))
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery doctor --home ~/orrery')
    .action(async (options) =>
      set(await (await import('./doctor/doctor.ts')).doctor(await settings(options), options.json === true)),
    )

  program
    .command('seed')
    .description('fill a server with a scenario')
    .argument('<scenario>', 'fresh-model, drifted-model or waiting-for-qa')
    .addOption(SERVER())
    .addOption(JSON_OUT())
    .addHelpText('after', '\nExample: orrery seed drifted-model')
    .action(async (scenario, options) => set(await (await import('./seed/seed.ts')).seed(scenario, options)))

  program
    .command('schema')
    .description('the JSON Schema of orrery.yaml, for editors')
    .addHelpText('after', '\nExample: orrery schema > orrery.schema.json')
    .action(async () => {
      const { projectFileJsonSchema } = await import('#projects')
      console.log(JSON.stringify(projectFileJsonSchema(), null, 2))
    })

  program
    .command('completion')
    .description('completion of commands and options for a shell')
    .argument('<shell>', 'bash or zsh')
    .addHelpText('after', '\nExample: source <(orrery completion bash)')
    .action(async (shell) => console.log((await import('./completion.ts')).completionScript(program, shell)))

  withConfig(program.command('dev').description('server, pages with reload, and a seeded project')).action(
    async (options) => set(await (await import('./dev.ts')).dev(options)),
  )

  try {
    await program.parseAsync([...argv])
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG_USE
    printError(error, argv.includes('--json'))
    return exitCodeOf(error)
  }
}

/** Read when they are needed: a command that needs no server should not wait for their schema. */
async function settings(flags: Record<string, string | undefined>) {
  return (await import('../config.ts')).readConfig(flags, process.env)
}

/** The settings of a server as flags. */
function withConfig(command: Command): Command {
  return command
    .option('--home <folder>', 'folder with all state (default .orrery)')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <port>', 'port to listen on (default 7979)')
    .option('--grpc-port <port>', 'port for gRPC; none when absent')
    .option('--database <url>', 'postgres://…; SQLite in the home folder when absent')
    .option('--durability <level>', 'full or process (default full)')
    .option('--log <level>', 'least level logged (default warn)')
}
