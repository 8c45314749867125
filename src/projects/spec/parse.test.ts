import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ProjectFileInvalid } from '../errors.ts'
import { parseProject } from './parse.ts'
import { ProjectFile } from './project.ts'
import { orderSteps } from './steps.ts'

const DAY = 86_400_000
const SMALLEST = `project: a
data:
  m:
    source: m.csv
    label: y
`

function problemsOf(text: string): string[] {
  try {
    parseProject(text)
  } catch (error) {
    if (error instanceof ProjectFileInvalid) return error.render().split('\n')
    throw error
  }
  return []
}

describe('parseProject', () => {
  it('reads the five-line file into a full working loop', () => {
    const { spec } = parseProject(SMALLEST)
    expect(spec.pipeline.train).toMatchObject({
      use: 'builtin/tabular',
      with: { data: 'm' },
      search: { trials: 6, half_life: ['all'] },
    })
    expect(spec.data.m?.split).toEqual({ by: 'stratified', train: 0.8, validation: 0.1, test: 0.1, seed: 0 })
    expect(spec.gates).toHaveLength(4)
    expect(spec.environments).toEqual({
      staging: { checks: [{ requests: 200 }], certify: 'auto', limits: {}, secrets: [] },
      production: { checks: [], certify: 'auto', limits: {}, secrets: [] },
    })
    expect(spec.deploy).toMatchObject({
      a: { environment: 'production', strategy: { canary: [0.1, 0.5, 1], hold: DAY }, keep: 2, reference: 'first' },
    })
    expect(spec.monitor).toMatchObject({ every: DAY, drift: { window: 7 * DAY }, fairness: 'off' })
    expect(spec.when).toEqual([
      {
        if: 'alert.drift || alert.quality || alert.decay || version.age > duration("42d")',
        run: 'pipeline',
        // biome-ignore lint/suspicious/noThenProperty: the word the project file uses.
        then: 'deploy.a',
        not_within: 7 * DAY,
      },
    ])
  })

  it('lets a time column decide the split and the half-lives, and sensitive columns the fairness monitor', () => {
    const { spec } = parseProject(`${SMALLEST}    time: dteday + hr\n    sensitive: [gender]\n`)
    expect(spec.data.m).toMatchObject({ time: ['dteday', 'hr'], split: { by: 'time' } })
    expect(spec.pipeline.train).toMatchObject({ search: { half_life: [21 * DAY, 90 * DAY, 'all'] } })
    expect(spec.monitor.fairness).toMatchObject({ by: ['gender'], window: 7 * DAY })
  })

  it('reads a project that uses nearly every key', () => {
    const text = readFileSync(new URL('../fixtures/electricity.yaml', import.meta.url), 'utf8')
    const { spec } = parseProject(text)
    expect(spec.deploy['price-up']).toMatchObject({
      strategy: { canary: [0.1, 0.5, 1], hold: DAY / 12 },
      answer: { combine: { last: 4, window: 7 * DAY } },
      log: { sample: 1, keep: 400 * DAY },
    })
    expect(spec.pipeline.train).toMatchObject({ blend: { hold_back: { period: 7 * DAY } }, search: { budget: 20_000 } })
    expect(spec.when[1]).toMatchObject({ cron: '0 3 * * MON', run: 'reproduce champion', within: 0.01 })
  })

  it('evaluates the segments a gate asks for, without their being declared twice', () => {
    const gates = 'gates: [\'segments("region").all(s, s.f1 > 0.5)\']\n'
    expect(parseProject(`${SMALLEST}    segments: [age, region]\n${gates}`).spec.data.m?.segments).toEqual([
      'age',
      'region',
    ])
    expect(parseProject(`${SMALLEST}${gates}`).spec.data.m?.segments).toEqual(['region'])
  })

  it('can be told to leave things out', () => {
    const off = 'gates: []\nwhen: []\ndeploy: {}\nmonitor: { drift: off, quality: off, decay: off, fairness: off }\n'
    const { spec } = parseProject(`${SMALLEST}${off}`)
    expect(spec).toMatchObject({
      gates: [],
      when: [],
      deploy: {},
      monitor: { drift: 'off', quality: 'off', fairness: 'off' },
    })
  })

  it('reads a trainer of the user’s own', () => {
    const { spec } = parseProject(`${SMALLEST}pipeline:
  prepare: { run: make features }
  train: { run: python train.py, environment: { python: requirements.lock }, limits: { time: 2h, model: 500MB } }
`)
    expect(spec.pipeline.train).toEqual({
      run: 'python train.py',
      environment: { python: 'requirements.lock' },
      with: { data: 'm' },
      model: 'model.onnx',
      limits: { time: 2 * 3_600_000, model: 500_000_000 },
    })
    expect(orderSteps(spec.pipeline).map(({ name, after }) => [name, after])).toEqual([
      ['prepare', []],
      ['train', ['prepare']],
    ])
  })

  it('runs steps in the order they wait for each other', () => {
    const { spec } = parseProject(`${SMALLEST}pipeline:
  report: { run: make report, after: [train] }
  clean: { run: make clean, after: [] }
  train: {}
`)
    expect(orderSteps(spec.pipeline).map(({ name }) => name)).toEqual(['clean', 'train', 'report'])
  })

  it('can be written back in the words of the file, and read again to the same spec', () => {
    const text = readFileSync(new URL('../fixtures/electricity.yaml', import.meta.url), 'utf8')
    const { spec } = parseProject(text)
    const written = z.encode(ProjectFile, spec)
    expect(written.deploy?.['price-up']).toMatchObject({ strategy: { canary: ['10%', '50%', '100%'], hold: '2h' } })
    expect(parseProject(JSON.stringify(written)).spec).toEqual(spec)
  })
})

describe('what is wrong with a file is said with its place and its cure', () => {
  const table: [name: string, text: string, problems: string[]][] = [
    ['empty', '', ['1:1 the file is empty. Start with `project:` and `data:`; see the guide to the project file.']],
    [
      'only a comment',
      '# later\n',
      ['1:1 the file is empty. Start with `project:` and `data:`; see the guide to the project file.'],
    ],
    [
      'a list',
      '- project: a\n',
      ['1:1 the file is not a mapping of keys to values. Start with `project:` and a name.'],
    ],
    ['plain text', 'hello\n', ['1:1 the file is not a mapping of keys to values. Start with `project:` and a name.']],
    [
      'a tab',
      `${SMALLEST}\ttime: t\n`,
      ['6:1 tabs are not allowed as indentation. Indent with spaces; YAML allows no tabs there.'],
    ],
    ['a key twice', `${SMALLEST}project: b\n`, ['6:1 map keys must be unique. Keep one of the two.']],
    [
      'an open bracket',
      `${SMALLEST}gates: ["a"\n`,
      [
        '7:1 flow sequence in block collection must be sufficiently indented and end with a ]. Indent it with spaces like its neighbours, and close every bracket and quote above it.',
      ],
    ],
    [
      'a slip in a key',
      SMALLEST.replace('label', 'lable'),
      ['5:5 data.m.lable: unknown key "lable". Did you mean "label"?'],
    ],
    [
      'a key from nowhere',
      `${SMALLEST}colour: red\n`,
      [
        '6:1 colour: unknown key "colour". Known here: project, canvas, data, pictures, features, pipeline, gates, environments, deploy, batch, monitor, when.',
      ],
    ],
    [
      'a missing key',
      SMALLEST.replace('    label: y\n', ''),
      ['3:3 data.m.label: "label" is missing. Add `label:`, the column to predict.'],
    ],
    [
      'a key without value',
      `${SMALLEST}gates:\n`,
      ['6:1 gates: "gates" has no value. It is what every candidate must pass to be released.'],
    ],
    [
      'a number for a duration',
      `${SMALLEST}monitor: { every: 5 }\n`,
      ['6:19 monitor.every: 5 is no duration. Say in which unit: 5s, 5m, 5h or 5d.'],
    ],
    [
      'a duration in words',
      `${SMALLEST}monitor: { every: daily }\n`,
      [
        '6:19 monitor.every: "daily" is no duration. Write one number and one unit (ms, s, m, h, d, w), such as 30s, 24h or 7d.',
      ],
    ],
    [
      'too long a duration',
      `${SMALLEST}monitor: { every: 9999999d }\n`,
      ['6:19 monitor.every: "9999999d" is too long. Write at most a hundred years, 36500d.'],
    ],
    [
      'a fraction for a percentage',
      `${SMALLEST}    split: { train: 0.8 }\n`,
      ['6:21 data.m.split.train: 0.8 is no percentage. Write it with its sign, such as 80%.'],
    ],
    [
      'more than everything',
      `${SMALLEST}    split: { train: 180% }\n`,
      ['6:21 data.m.split.train: "180%" is more than the whole. Write at most 100%.'],
    ],
    [
      'parts that are no whole',
      `${SMALLEST}    split: { train: 70% }\n`,
      ['6:12 data.m.split: train, validation and test make 90%. Make them 100% together.'],
    ],
    [
      'a split by an unknown time',
      `${SMALLEST}    split: { by: time }\n`,
      [
        '6:12 data.m.split: a split by time needs to know when a row happened. Add `time:` with the column that says so.',
      ],
    ],
    [
      'a project with the name of a page',
      SMALLEST.replace('project: a', 'project: models'),
      ['1:10 project: models is the name of a page. Call the project models-1, or what it is about.'],
    ],
    [
      'a project with a bad name',
      SMALLEST.replace('project: a', 'project: My Project!'),
      [
        '1:10 project: "My Project!" is no name. Use lower-case letters, digits, - and _, starting with a letter: my-project.',
      ],
    ],
    [
      'a deployment with a bad name',
      `${SMALLEST}deploy:\n  Price: {}\n`,
      ['7:3 deploy.Price: "Price" is no name. Use lower-case letters, digits, - and _, starting with a letter: price.'],
    ],
    [
      'a web source without digest',
      SMALLEST.replace('m.csv', 'https://example.org/m.csv'),
      [
        '4:13 data.m.source: a source on the web may change under you. Add `sha256:` with the digest of the file, or `poll: 1d` for one that is meant to change.',
      ],
    ],
    [
      'a source of an unknown kind',
      SMALLEST.replace('m.csv', 'ftp://b/m.csv'),
      [
        '4:13 data.m.source: a source cannot be read from ftp://. Use a path, https://, s3://, postgres://, mysql://, upload:// or predictions://.',
      ],
    ],
    [
      'no trials',
      `${SMALLEST}pipeline: { train: { search: { trials: 0 } } }\n`,
      ['6:40 pipeline.train.search.trials: 0 is too small. Write at least 1.'],
    ],
    [
      'a list for a mapping',
      `${SMALLEST}pipeline:\n  train:\n    search: [6]\n`,
      ['8:13 pipeline.train.search: a list is not a mapping of keys to values. It is which candidates are tried.'],
    ],
    [
      'a slip in a value',
      `${SMALLEST}pipeline: { train: { search: { learners: [logistics] } } }\n`,
      ['6:43 pipeline.train.search.learners[0]: "logistics" cannot be used here. Did you mean "logistic"?'],
    ],
    [
      'two objectives',
      `${SMALLEST}pipeline: { train: { with: { maximize: f1, minimize: mae } } }\n`,
      ['6:28 pipeline.train.with: a project has one objective. Keep either maximize or minimize.'],
    ],
    [
      'a feature view of data that is not there',
      `${SMALLEST}features:\n  u: { from: n, entities: [k], time: t, columns: { x: number } }\n`,
      ['7:14 features.u.from: there is no data set "n". Did you mean "m"?'],
    ],
    [
      'a feature that is a key',
      `${SMALLEST}features:\n  u: { from: m, entities: [k], time: t, columns: { k: number } }\n`,
      ['7:55 features.u.columns.k: "k" is a key or a time of the view. Remove it here; it is no feature.'],
    ],
    [
      'a type that no feature has',
      `${SMALLEST}features:\n  u: { from: m, entities: [k], time: t, columns: { x: float } }\n`,
      ['7:55 features.u.columns.x: "float" is no type of a feature. Write number or text.'],
    ],
    [
      'a stream beside a data set, with a query, a login in its address, and a name that is taken',
      `${SMALLEST}features:
  u: { from: m, stream: { server: "nats://h", name: S }, sql: SELECT 1, entities: [k], time: t, columns: { x: number } }
  v: { stream: { server: "nats://me:secret@h", name: a.b }, entities: [k], time: t, columns: { x: number } }
  w: { entities: [k], time: t, columns: { x: number } }
`,
      [
        '7:6 features.u: the view has a data set and a stream. Keep one: the stream keeps a data set by itself.',
        '7:63 features.u.sql: rows of a stream come one by one. Compute them in a view on demand, or before they are sent.',
        '8:26 features.v.stream.server: "nats://me:secret@h" is no address. Write nats://host:4222 or tls://host:4222; logins have keys of their own.',
        '8:54 features.v.stream.name: "a.b" is no name of a stream. Write it as NATS knows it, such as CLICKS.',
        '9:6 features.w: the view is made from nothing. Add `from:` with a data set, or `stream:`.',
      ],
    ],
    [
      'a stream whose rows would hide a data set',
      `${SMALLEST}features:\n  m: { stream: { server: "nats://h", name: S }, entities: [k], time: t, columns: { x: number } }\n`,
      [
        '7:6 features.m: there is a data set "m", and the stream keeps its rows under that name. Rename one of the two.',
      ],
    ],
    [
      'views on demand that cannot be computed',
      `${SMALLEST}features:
  u: { from: m, entities: [k], time: t, online: false, columns: { x: number } }
  v: { from: m, entities: [k], time: t, columns: { x: number, w: text } }
  a: { on_demand: { views: [u, b, c] }, columns: { y: x } }
  b: { on_demand: { views: [v], request: { n: number } }, columns: { y: z + n } }
  c: { on_demand: { views: [v] }, columns: { y: { is: w * 2 } } }
`,
      [
        '9:29 features.a.on_demand.views[0]: "u" is not kept online, where this is computed from it. Remove `online: false` from features.u.',
        '9:32 features.a.on_demand.views[1]: "b" is computed on demand itself. Name the views that it is computed from.',
        '9:35 features.a.on_demand.views[2]: "c" is computed on demand itself. Name the views that it is computed from.',
        '10:73 features.b.columns.y: there is no column "z". There are n, x, v.x, w, v.w.',
        '11:55 features.c.columns.y.is: a text stands where a number is wanted. Make it a number with map(text, { "a": 1 }, otherwise).',
      ],
    ],
    [
      'a view on demand that knows the label',
      `${SMALLEST.replace('label: y', 'label: y\n    time: t\n    features: [a]')}features:
  a: { on_demand: { request: { y: number } }, columns: { z: y + 1 } }
`,
      [
        '7:16 data.m.features[0]: "a" is computed from the label "y", which no request has. Compute it from what is known before the label is.',
      ],
    ],
    [
      'features without a time to join them at',
      SMALLEST.replace('label: y', 'label: y\n    features: [u]'),
      [
        '6:15 data.m.features: features are joined as they were at a time. Add `time:` with the column that says when a row happened.',
      ],
    ],
    [
      'features of the table that is trained on',
      `${SMALLEST.replace('label: y', 'label: y\n    time: t\n    features: [u, v]')}features:\n  u: { from: m, entities: [k], time: t, columns: { x: number } }\n`,
      [
        '7:16 data.m.features[0]: "u" is made from "m" itself. Read the view from a table of its own, or its label could give itself away.',
        '7:19 data.m.features[1]: there is no feature view "v". Did you mean "u"?',
      ],
    ],
    [
      'data that is not there',
      `${SMALLEST}pipeline: { train: { with: { data: n } } }\n`,
      ['6:36 pipeline.train.with.data: there is no data set "n". Did you mean "m"?'],
    ],
    [
      'data still to be chosen',
      `${SMALLEST}  other: { source: o.csv, label: y }\n`,
      ['1:1 pipeline.train.with: there are several data sets to train on. Add `data:` with one of m, other.'],
    ],
    [
      'a step that waits for nobody',
      `${SMALLEST}pipeline:\n  prepare: { run: make, after: [trian] }\n  train: {}\n`,
      ['7:33 pipeline.prepare.after[0]: there is no step "trian". Did you mean "train"?'],
    ],
    [
      'steps in a ring',
      `${SMALLEST}pipeline:\n  a: { run: x, after: [b] }\n  b: { run: x }\n`,
      ['6:1 pipeline: steps wait for each other: a, b. Remove one `after` so that one of them can start.'],
    ],
    [
      'a step with nothing to run',
      `${SMALLEST}pipeline: { prepare: {} }\n`,
      ['6:22 pipeline.prepare: the step "prepare" has nothing to run. Add `run:` with a command.'],
    ],
    [
      'an environment that is not there',
      `${SMALLEST}deploy: { a: { environment: prodution } }\n`,
      ['6:29 deploy.a.environment: there is no environment "prodution". Did you mean "production"?'],
    ],
    [
      'canary steps that fall',
      `${SMALLEST}deploy: { a: { strategy: { canary: [50%, 10%, 100%] } } }\n`,
      [
        '6:36 deploy.a.strategy.canary: the steps do not rise. Write rising shares of traffic, such as [10%, 50%, 100%].',
      ],
    ],
    [
      'a canary that never ends',
      `${SMALLEST}deploy: { a: { strategy: { canary: [10%] } } }\n`,
      ['6:36 deploy.a.strategy.canary: the last step is not all of the traffic. End with 100%.'],
    ],
    [
      'a key of the other form',
      `${SMALLEST}deploy: { a: { strategy: { rolling: true, hold: 1d } } }\n`,
      [
        '6:43 deploy.a.strategy.hold: "hold" does not go with the other keys here. It belongs to another form of this block: keep the keys of one form.',
      ],
    ],
    [
      'a day that is none',
      `${SMALLEST}when:\n  - cron: 0 3 * * MOON\n`,
      ['7:11 when[0].cron: "MOON" is no day of the week. Use 0 to 7, *, lists, ranges and steps such as */15.'],
    ],
    [
      'a deployment that is not there',
      `${SMALLEST}when: [{ if: alert.drift, then: deploy.b }]\n`,
      ['6:33 when[0].then: there is no deployment "b". Did you mean "a"?'],
    ],
    [
      'an expectation of nothing',
      `${SMALLEST}    expect: [{ column: y }]\n`,
      [
        '6:14 data.m.expect[0]: the expectation says nothing about its column. Add between, in, not_null, unique or another rule.',
      ],
    ],
    [
      'a number for a condition',
      `${SMALLEST}gates: [5]\n`,
      ['6:9 gates[0]: 5 is not a condition. Write a comparison in quotes, such as "errors.rate > 0.01".'],
    ],
    [
      'an objective of another task',
      `${SMALLEST}    task: regression\npipeline: { train: { with: { maximize: f1 } } }\n`,
      [
        '7:40 pipeline.train.with.maximize: f1 is no metric of a regression task. There are mae, rmse, r2, mape, wape, bias.',
      ],
    ],
    [
      'an objective upside down',
      `${SMALLEST}pipeline: { train: { with: { minimize: roc_auc } } }\n`,
      ['6:40 pipeline.train.with.minimize: roc_auc is better large. Write `maximize: roc_auc`.'],
    ],
    [
      'a slip in a gate',
      `${SMALLEST}gates:\n  - metrics.f1 > 0.5\n  - metrics.roc_auk > 0.5\n`,
      ['8:13 gates[1]: unknown name "roc_auk". Did you mean "roc_auc"?'],
    ],
    [
      'a slip in a quoted gate',
      `${SMALLEST}gates: ["metrics.roc_auk > 0.5"]\n`,
      ['6:18 gates[0]: unknown name "roc_auk". Did you mean "roc_auc"?'],
    ],
    [
      'a slip in a folded gate',
      `${SMALLEST}gates:\n  - >-\n    metrics.f1 > 0.5\n    && metrics.roc_auk > 0.5\n`,
      ['7:5 gates[0]: unknown name "roc_auk". Did you mean "roc_auc"?'],
    ],
    [
      'a gate in a roll-back',
      `${SMALLEST}deploy: { a: { roll_back_if: parity.rows > 5 } }\n`,
      [
        '6:30 deploy.a.roll_back_if: unknown variable "parity". Known here: errors, latency, quality, improvement, answers, value, labels, champion.',
      ],
    ],
    [
      'an alert that is none',
      `${SMALLEST}when:\n  - if: alert.drift || alert.qualty\n`,
      ['7:30 when[0].if: unknown name "qualty". Did you mean "quality"?'],
    ],
    [
      'a monitor with the wrong words',
      `${SMALLEST}monitor: { drift: { alert_if: 'alert.drift' } }\n`,
      ['6:32 monitor.drift.alert_if: unknown variable "alert". Known here: psi, noise, features, rows, cost.'],
    ],
    [
      'a half-life without a time',
      `${SMALLEST}pipeline: { train: { search: { half_life: [21d, all] } } }\n`,
      [
        '6:43 pipeline.train.search.half_life: rows have no time. Add `time:` to data.m with the column that says when a row happened.',
      ],
    ],
    [
      'rows per day without a time',
      `${SMALLEST}    expect: [{ rows_per: 1d, equals: 48 }]\n`,
      [
        '6:26 data.m.expect[0].rows_per: rows have no time. Add `time:` to data.m with the column that says when a row happened.',
      ],
    ],
    [
      'a label that is ignored',
      `${SMALLEST}    ignore: [x, y]\n`,
      [
        '6:13 data.m.ignore: "y" is the label, and cannot stand under `ignore` too. Name another column, or remove it here.',
      ],
    ],
    [
      'several things at once, in the order of the file',
      `project: A\ndata:\n  m: { source: m.csv, lable: y }\nwhen: [{ cron: soon, whithin: 1% }]\n`,
      [
        '1:10 project: "A" is no name. Use lower-case letters, digits, - and _, starting with a letter: a.',
        '3:23 data.m.lable: unknown key "lable". Did you mean "label"?',
        '4:16 when[0].cron: "soon" is no cron schedule. Write minute, hour, day of the month, month and day of the week, such as "0 3 * * MON".',
        '4:22 when[0].whithin: unknown key "whithin". Did you mean "within"?',
      ],
    ],
  ]
  it.each(table)('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `orrery.yaml:${problem}`))
  })

  it.each([
    ['brackets without end', '['.repeat(90_000), 'the file is nested too deeply to read'],
    ['a file of a million characters', `# ${'x'.repeat(1_000_000)}`, 'the file is longer than 100,000 characters'],
    ['an alias bomb', aliasBomb(), 'its aliases cannot be followed'],
  ])('%s is refused in a moment', (_, text, problem) => {
    const started = performance.now()
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)])
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('a mapping that holds itself is an unknown key like any other', () => {
    expect(problemsOf(`${SMALLEST}pipeline: { train: &t { width: *t } }\n`)).toEqual([
      'orrery.yaml:6:25 pipeline.train.width: unknown key "width". Did you mean "with"?',
    ])
  })

  it('names of things every object has are no names of this file', () => {
    expect(problemsOf(`${SMALLEST}deploy: { a: { environment: constructor } }\n__proto__: {}\n`)).toEqual([
      expect.stringContaining('7:1 __proto__: unknown key "__proto__".'),
    ])
    expect(problemsOf(`${SMALLEST}deploy: { a: { environment: constructor } }\n`)).toEqual([
      'orrery.yaml:6:29 deploy.a.environment: there is no environment "constructor". There are staging, production.',
    ])
  })
})

function aliasBomb(): string {
  const levels = Array.from({ length: 20 }, (_, i) => `k${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]`)
  return `k0: &a0 [x]\n${levels.join('\n')}\n`
}

describe('deploy.<name>.graph', () => {
  const graph = (...lines: string[]) =>
    `${SMALLEST}deploy:\n  a: {}\n  all:\n    graph:\n${lines.map((line) => `      ${line}\n`).join('')}`

  it('is read as the runtime takes it, with steps in steps', () => {
    const { spec } = parseProject(
      graph(
        'parts: { one: m@1, two: n@12, three: n@13 }',
        'inputs: { tier: { header: x-tier }, region: categorical }',
        'answer:',
        '  switch:',
        '    - { when: tier == "gold", use: { combine: [one, { chain: [two, three] }], weights: [1, 2] } }',
        '    - use: two',
      ),
    )
    expect(spec.deploy.all!.graph).toEqual({
      parts: { one: 'm@1', two: 'n@12', three: 'n@13' },
      inputs: { tier: { header: 'x-tier' }, region: 'categorical' },
      answer: {
        switch: [
          {
            when: 'tier == "gold"',
            use: { combine: ['one', { chain: ['two', 'three'] }], by: 'average', weights: [1, 2] },
          },
          { use: 'two' },
        ],
      },
    })
    // What is retrained is what is trained.
    expect(spec.when.map(({ then }) => then)).toEqual(['deploy.a'])
    expect(z.safeDecode(ProjectFile, z.encode(ProjectFile, spec as never)).success).toBe(true)
  })

  it.each([
    [
      ['parts: { one: m@1 }', 'answer: nobody'],
      ['there is no part "nobody"', 'the part "one" answers nothing'],
    ],
    [['parts: { one: m }', 'answer: one'], ['this names no version']],
    [['parts: { One: m@1 }', 'answer: One'], ['this is no name of a part']],
    [['parts: { one: m@1 }', 'answer: { switch: [{ use: one }, { use: one }] }'], ['not every record finds a branch']],
    [['parts: { one: m@1 }', 'answer: { chain: [one] }'], ['at least 2']],
    [['parts: { one: m@1 }', `answer: ${'{ chain: [one, '.repeat(9)}one${'] }'.repeat(9)}`], ['nested too deeply']],
  ])('says what is wrong in %j', (lines, wrong) => {
    const found = problemsOf(graph(...lines)).join('\n')
    for (const one of wrong) expect(found).toContain(one)
  })
})
