import { type Command, Option } from 'commander'

/** What `orrery data` does with tables: data tests, comparisons, expectations of other tools. */
export function declareQualityCommands(data: Command, set: (code: number) => void): void {
  const json = () => new Option('--json', 'print JSON')

  data
    .command('test')
    .description('test the data of a project against its expectations; exit with 1 when one that stops does not hold')
    .argument('[file]', 'the project file', 'orrery.yaml')
    .option('--only <dataset>', 'this data set only')
    .option('--strict', 'exit with 1 for warnings too')
    .option('--junit <path>', 'write the results as JUnit XML, for CI')
    .option('--home <folder>', 'folder with all state, where pictures are (ORRERY_HOME)')
    .option('--server <url>', 'the server that knows of uploads and predictions (ORRERY_SERVER)')
    .addOption(json())
    .addHelpText('after', '\nExample: orrery data test --junit report.xml')
    .action(async (file, options) => set(await (await import('./test.ts')).test(file, options)))

  data
    .command('sources')
    .description("where a project's data comes from; with --check, whether it is there and how fresh")
    .argument('[file]', 'the project file', 'orrery.yaml')
    .option('--check', 'ask every source; exit with 1 when one is not there or stale')
    .option('--server <url>', 'the server that knows of uploads and predictions (ORRERY_SERVER)')
    .addOption(json())
    .addHelpText('after', '\nExample: orrery data sources --check')
    .action(async (file, options) => set(await (await import('./sources.ts')).sources(file, options)))

  data
    .command('upload')
    .description('send a table to a data set whose source is upload://; exit with 1 when it becomes no version')
    .argument('<dataset>')
    .argument('<file>', 'CSV, JSON lines, Parquet, Arrow or Excel, packed or not')
    .option('--project <name>', 'the project; that of ./orrery.yaml when absent')
    .option('--no-wait', 'return as soon as the server has the bytes')
    .option('--server <url>', 'the server (ORRERY_SERVER)')
    .addOption(json())
    .addHelpText('after', '\nExample: orrery data upload customers customers.csv.gz')
    .action(async (dataset, file, options) => set(await (await import('./upload.ts')).upload(dataset, file, options)))

  data
    .command('preview')
    .description(
      'what the recipe under `prepare:` does to a sample: columns before and after, and what its steps learn',
    )
    .argument('[file]', 'the project file', 'orrery.yaml')
    .option('--only <dataset>', 'this data set; what is trained on when absent')
    .option('--server <url>', 'the server that knows of uploads and predictions (ORRERY_SERVER)')
    .addOption(json())
    .addHelpText('after', '\nExample: orrery data preview --only customers')
    .action(async (file, options) => set(await (await import('./preview.ts')).preview(file, options)))

  data
    .command('lineage')
    .description('the versions of all tables that a version was made of, down to their sources')
    .argument('<version>', 'its id, or customers@3, customers@latest')
    .option('--project <name>', 'the project; that of ./orrery.yaml when absent')
    .option('--server <url>', 'the server (ORRERY_SERVER)')
    .addOption(json())
    .addHelpText('after', '\nExample: orrery data lineage customers@latest')
    .action(async (version, options) => set(await (await import('./lineage.ts')).lineage(version, options)))

  data
    .command('suggest-expectations')
    .description('entries for `expect:` to begin with: what the data is like, all of which holds for it')
    .argument('[file]', 'the project file', 'orrery.yaml')
    .option('--only <dataset>', 'this data set; what is trained on when absent')
    .option('--server <url>', 'the server that knows of uploads and predictions (ORRERY_SERVER)')
    .addOption(json())
    .addHelpText('after', '\nExample: orrery data suggest-expectations --only customers')
    .action(async (file, options) => set(await (await import('./suggest.ts')).suggest(file, options)))

  data
    .command('import-expectations')
    .description('expectations for orrery.yaml from a Great Expectations suite (JSON) or a Pandera schema (YAML, JSON)')
    .argument('<file>')
    .addOption(json())
    .addHelpText('after', '\nExample: orrery data import-expectations gx/expectations/orders.json')
    .action(async (file, options) => set(await (await import('./import-expectations.ts')).importFile(file, options)))

  data
    .command('diff-table')
    .description('what changed row by row between two tables: rows, cells, columns and distributions')
    .argument('<before>', 'a file (CSV, JSON lines, Parquet), or the id of a version')
    .argument('<after>', 'another')
    .option('--key <columns>', 'columns that name a row, joined by commas; whole rows when absent')
    .option('--server <url>', 'the server that has the versions (ORRERY_SERVER)')
    .option('--check', 'exit with 1 when there is any difference')
    .addOption(json())
    .addHelpText('after', '\nExample: orrery data diff-table old.csv new.csv --key id')
    .action(async (before, after, options) =>
      set(await (await import('./diff-table.ts')).diffTable(before, after, options)),
    )
}
