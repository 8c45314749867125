import { type Command, Option } from 'commander'
import { declareQualityCommands } from './quality-commands.ts'

/** `orrery data …`: the commands, without their code, which each loads when it is asked for. */
export function declareDataCommands(program: Command, set: (code: number) => void): void {
  const data = program
    .command('data')
    .description('datasets of files and folders, versioned beside git; tests and comparisons of tables')
  const command = (name: string, description: string) =>
    data
      .command(name)
      .description(description)
      .option('--home <folder>', 'folder with all state (ORRERY_HOME; default .orrery at the root of the repository)')
      .addOption(new Option('--json', 'print JSON'))
  const placed = (one: Command) =>
    one.option('--link', 'hard links, read-only, also as root').option('--copy', 'copies, which can be edited in place')

  placed(command('add', 'make a folder or a file a version of a dataset'))
    .argument('<path...>', 'folders or files; each gets a pointer file, <path>.orrery.yaml, to commit')
    .addHelpText(
      'after',
      '\nExample: orrery data add data/pictures && git add data/pictures.orrery.yaml data/.gitignore',
    )
    .action(async (paths, options) => set(await (await import('./add.ts')).add(paths, options)))

  placed(command('checkout', 'bring the files of the versions that the pointer files name'))
    .argument('[path...]', 'datasets; all of the repository when absent')
    .option('--version <version>', 'another version: the beginning of its hash, or a git revision')
    .option('--force', 'give up changes that are in no version')
    .addHelpText('after', '\nExample: git checkout main && orrery data checkout')
    .action(async (paths, options) => set(await (await import('./checkout.ts')).checkout(paths, options)))

  command('status', 'whether the files are those of the versions that the pointer files name')
    .argument('[path...]', 'datasets; all of the repository when absent')
    .option('--pushed', 'ask the remote, too, whether it has them')
    .option('--remote <remote>', 'which remote to ask: a name from orrery.remotes.yaml, or an address')
    .option('--check', 'exit with 1 when anything is out of step')
    .addHelpText('after', '\nExample: orrery data status --pushed')
    .action(async (paths, options) => set(await (await import('./status.ts')).status(paths, options)))

  command('diff', 'which files were added, removed, changed and moved')
    .argument('<path>', 'a dataset')
    .argument(
      '[from]',
      'a version: the beginning of its hash, or a git revision; what the pointer file says when absent',
    )
    .argument('[to]', 'another; the working tree when absent')
    .option('--check', 'exit with 1 when there is any difference')
    .addHelpText('after', '\nExample: orrery data diff data/pictures HEAD~1')
    .action(async (path, from, to, options) => set(await (await import('./diff.ts')).diff(path, from, to, options)))

  const moving = (name: string, description: string) =>
    command(name, description)
      .argument('[path...]', 'datasets; all of the repository when absent')
      .option('--remote <remote>', 'a name from orrery.remotes.yaml, or an address')
  moving('push', 'send versions to a remote: what it has not got')
    .option('--verify', 'ask for every file, also where the remote says it has the version')
    .addHelpText('after', '\nExample: orrery data push --remote store')
    .action(async (paths, options) => set(await (await import('./transfer.ts')).push(paths, options)))
  placed(moving('pull', 'bring versions from a remote, verified, and check them out'))
    .option('--version <version>', 'another version: the beginning of its hash, or a git revision')
    .option('--no-checkout', 'only into the store')
    .option('--force', 'give up changes that are in no version')
    .addHelpText('after', '\nExample: git pull && orrery data pull')
    .action(async (paths, options) => set(await (await import('./transfer.ts')).pull(paths, options)))

  const remote = data.command('remote').description('where versions are pushed to: folders, S3, SSH')
  remote
    .command('add')
    .description('name a remote in orrery.remotes.yaml')
    .argument('<name>')
    .argument('<url>', 's3://bucket/prefix, ssh://user@host/path, host:path, or a folder')
    .option('--endpoint <url>', "of an S3 store that is not Amazon's")
    .option('--region <region>', 'of an S3 store')
    .option('--default', 'the one to use when none is named; the first one is')
    .addHelpText('after', '\nExample: orrery data remote add store s3://datasets/vision')
    .action(async (name, url, options) => set(await (await import('./remote.ts')).addRemote(name, url, options)))
  remote
    .command('list')
    .description('every remote; * is the default')
    .addOption(new Option('--json', 'print JSON'))
    .action(async (options) => set(await (await import('./remote.ts')).listRemotes(options)))
  remote
    .command('remove')
    .description('forget a remote; what it holds stays')
    .argument('<name>')
    .action(async (name) => set(await (await import('./remote.ts')).removeRemote(name)))

  command('gc', 'what no commit, working tree or server refers to any longer')
    .option('--remove', 'remove it from the store; only said otherwise')
    .option('--database <url>', "the server's database where it is PostgreSQL (ORRERY_DATABASE)")
    .addHelpText('after', '\nExample: orrery data gc --remove')
    .action(async (options) => set(await (await import('./gc.ts')).gc(options)))

  command('profile', 'what a folder of pictures is like: sizes, light, duplicates, classes, what cannot be read')
    .argument('<path>', 'a dataset of pictures')
    .option('--table <file>', 'write what was measured of each picture as CSV')
    .addHelpText(
      'after',
      '\nWhat was measured is kept: a second time, or after an interruption, only what is new is measured.\n\nExample: orrery data profile data/pictures',
    )
    .action(async (path, options) => set(await (await import('./profile.ts')).profile(path, options)))

  const imports = data.command('import').description('datasets of another tool')
  imports
    .command('dvc')
    .description('what DVC keeps in this repository: .dvc files, dvc.lock, its cache (2.x and 3.x)')
    .argument('[folder]', 'another repository')
    .option('--home <folder>', 'folder with all state (ORRERY_HOME)')
    .addOption(new Option('--json', 'print JSON'))
    .addHelpText('after', '\nExample: dvc fetch && orrery data import dvc')
    .action(async (folder, options) => set(await (await import('./import-dvc.ts')).importDvc(folder, options)))

  program
    .command('check')
    .description('whether every version that commits refer to was pushed')
    .option('--range <commits>', 'these commits, as `git log` takes them; otherwise what is staged or committed now')
    .option('--pre-push', 'what git is about to push, as it tells a hook')
    .option('--install', 'let git ask before every push')
    .option('--remote <remote>', 'a name from orrery.remotes.yaml, or an address')
    .addOption(new Option('--json', 'print JSON'))
    .addHelpText(
      'after',
      '\nExit code 1: a version is missing at the remote.\n\nExample: orrery check --range origin/main..HEAD',
    )
    .action(async (options) => set(await (await import('./check.ts')).check(options)))

  declareQualityCommands(data, set)
}
