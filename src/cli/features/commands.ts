import type { Command } from 'commander'

/** `orrery features …`: the commands, without their code, which each loads when it is asked for. */
export function declareFeatureCommands(program: Command, set: (code: number) => void): void {
  const features = program.command('features').description('feature views: what is known of an entity, and since when')
  features
    .command('list')
    .description('the views of a project with their features')
    .argument('<project>')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: orrery features list churn')
    .action(async (project, options) => set(await (await import('./views.ts')).listViews(project, options)))
  features
    .command('search')
    .description('features of all projects by name, view, key, owner or description')
    .argument('<word...>')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: orrery features search minutes')
    .action(async (words, options) => set(await (await import('./views.ts')).searchFeatures(words, options)))
  features
    .command('join')
    .description('a data set with features as they were at the time of each row, as a version of another one')
    .argument('<project>')
    .argument('<dataset>', 'the data set with the entities and their times')
    .requiredOption('--into <dataset>', 'the data set that gets the result')
    .requiredOption('--time <column>', 'its column with the time of each row')
    .option('--views <view...>', 'only these views')
    .option('--full-names', 'name features view__column')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: orrery features join churn customers --time event_time --into customers-features')
    .action(async (project, dataset, options) =>
      set(await (await import('./join.ts')).joinFeatures(project, dataset, options)),
    )
  features
    .command('materialize')
    .description('bring the online store to what the data says now')
    .argument('<project>')
    .option('--views <view...>', 'only these views')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: orrery features materialize churn')
    .action(async (project, options) => set(await (await import('./online.ts')).materialize(project, options)))
  features
    .command('online')
    .description('the features of an entity as they are now')
    .argument('<project>')
    .argument('<key...>', 'the keys of the entity, such as customer_id=7')
    .option('--views <view...>', 'only these views')
    .option('--server <url>', 'the server to talk to (ORRERY_SERVER)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: orrery features online churn customer_id=7')
    .action(async (project, keys, options) => set(await (await import('./online.ts')).online(project, keys, options)))

  features
    .command('import')
    .description('bring over what another tool defines')
    .command('feast')
    .description('the data sets and views of a Feast repository, printed as a project file')
    .argument('<folder>', 'with its feature_store.yaml')
    .option('--python <path>', 'the Python in which Feast is installed', 'python3')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nThe repository’s own Python code is run. Exit code 1: something was left out; what, and why, is on stderr.\n' +
        '\nExample: orrery features import feast feature_repo --python .venv/bin/python >> orrery.yaml',
    )
    .action(async (folder, options) => set(await (await import('./import-feast.ts')).importFeast(folder, options)))
}
