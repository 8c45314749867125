import { type Command, Option } from 'commander'

/** `orrery data …`: the commands, without their code, which each loads when it is asked for. */
export function declareDataCommands(program: Command, set: (code: number) => void): void {
  const data = program.command('data').description('datasets of files and folders, versioned beside git')
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
}
