import { METRICS } from '#evaluation'
import { suggestion } from '../nearest.ts'
import { onlyLabelled, trainedDeployments } from './complete.ts'
import { needsTime } from './expectations.ts'
import { isOnDemand } from './features.ts'
import type { Finding } from './finding.ts'
import { onDemandViews } from './on-demand.ts'
import { preparation } from './preparation.ts'
import type { ProjectFile } from './project.ts'
import { orderSteps } from './steps.ts'
import { namedParts } from './graph.ts'
import { quoted } from './wording.ts'

/** Every name in the file that names something which is not there, and every choice only the author can make. */
export function brokenReferences(file: ProjectFile): Finding[] {
  return [
    ...trainingData(file),
    ...featureViews(file),
    ...onDemandViews(file),
    ...preparation(file),
    ...objective(file),
    ...agesWithoutTime(file),
    ...misplacedStepKeys(file),
    ...stepOrder(file),
    ...environments(file),
    ...triggers(file),
    ...batches(file),
    ...graphs(file),
    ...pins(file),
  ]
}

function trainingData(file: ProjectFile): Finding[] {
  const names = Object.keys(file.data)
  const named = file.pipeline.train?.with?.data
  if (named === undefined) {
    const labelled = names.filter((name) => file.data[name]!.label !== undefined)
    if (labelled.length === 1 || names.length === 1) return withoutLabel(file, labelled[0] ?? names[0]!)
    const wrong = 'there are several data sets to train on'
    return [
      {
        path: ['pipeline', 'train', 'with'],
        wrong,
        todo: `Add \`data:\` with one of ${(labelled.length > 0 ? labelled : names).join(', ')}.`,
      },
    ]
  }
  const path = ['pipeline', 'train', 'with', 'data']
  if (names.includes(named)) return withoutLabel(file, named)
  const set = named.split('.')[0]!
  if (set !== named && names.includes(set))
    return [
      {
        path,
        wrong: `a model cannot be trained on ${quoted(named)}`,
        todo: `Write ${set}; it is split into its parts.`,
      },
    ]
  return [missing(path, 'data set', named, names)]
}

/** What a model learns from says what there is to learn; other tables need not. */
function withoutLabel(file: ProjectFile, set: string): Finding[] {
  if (file.data[set]!.label !== undefined) return []
  const todo = 'Add `label:`, the column to predict.'
  return [{ path: ['data', set, 'label'], wrong: '"label" is missing', todo }]
}

/** One version answers, or several do. */
function pins(file: ProjectFile): Finding[] {
  return Object.entries(file.deploy ?? {}).flatMap(([name, { version, answer }]) =>
    version === undefined || !answer
      ? []
      : [
          {
            path: ['deploy', name, 'version'],
            wrong: 'a committee has no single version',
            todo: 'Remove `answer:`, or this.',
          },
        ],
  )
}

/** Steps name parts that are there, every part is named, and something is trained beside what is composed. */
function graphs(file: ProjectFile): Finding[] {
  return Object.entries(file.deploy ?? {}).flatMap(([name, { graph, answer }]) => {
    if (!graph) return []
    const path = ['deploy', name, 'graph']
    const parts = Object.keys(graph.parts)
    const named = namedParts(graph.answer, [...path, 'answer'])
    const idle = parts.filter((part) => !named.some((one) => one.part === part))
    return [
      ...named.filter(({ part }) => !parts.includes(part)).map((one) => missing(one.path, 'part', one.part, parts)),
      ...idle.map((part) => ({
        path: [...path, 'parts', part],
        wrong: `the part ${quoted(part)} answers nothing`,
        todo: 'Name it in `answer:`, or remove it.',
      })),
      ...(answer
        ? [
            {
              path: ['deploy', name, 'answer'],
              wrong: 'a composed model is no committee of its versions',
              todo: 'Combine versions in `graph:`, or remove it.',
            },
          ]
        : []),
    ]
  })
}

/** A batch reads a data set that is there. Who answers may come from elsewhere: that is found out when it runs. */
function batches(file: ProjectFile): Finding[] {
  const sets = Object.keys(file.data)
  return Object.entries(file.batch).flatMap(([batch, { input }]) =>
    'data' in input && !sets.includes(input.data)
      ? [missing(['batch', batch, 'input', 'data'], 'data set', input.data, sets)]
      : [],
  )
}

/** What views read and what rows are joined with: names that are there, and columns that are told apart. */
function featureViews(file: ProjectFile): Finding[] {
  const sets = Object.keys(file.data)
  const views = Object.keys(file.features)
  const read = views.flatMap((view) =>
    setsRead(file, [view])
      .filter((set) => !sets.includes(set))
      .map((set) => missing(['features', view, 'from'], 'data set', set, sets)),
  )
  const hidden = views.flatMap((name) => {
    const view = file.features[name]!
    if (isOnDemand(view) || !view.stream || !sets.includes(name)) return []
    const wrong = `there is a data set ${quoted(name)}, and the stream keeps its rows under that name`
    return [{ path: ['features', name], wrong, todo: 'Rename one of the two.' }]
  })
  const joined = Object.entries(file.data).flatMap(([set, { features, label }]) =>
    features.flatMap((view, i) => {
      const path = ['data', set, 'features', i]
      if (!views.includes(view)) return [missing(path, 'feature view', view, views)]
      const asked = requestOf(file, view)
      if (label !== undefined && asked.includes(label))
        return [
          {
            path,
            wrong: `${quoted(view)} is computed from the label ${quoted(label)}, which no request has`,
            todo: 'Compute it from what is known before the label is.',
          },
        ]
      if (setsRead(file, [view]).includes(set) && label !== undefined)
        return [
          {
            path,
            wrong: `${quoted(view)} is made from ${quoted(set)} itself`,
            todo: 'Read the view from a table of its own, or its label could give itself away.',
          },
        ]
      const before = features.slice(0, i).filter((other) => views.includes(other))
      const twice = Object.keys(file.features[view]!.columns).find((column) =>
        before.some((other) => Object.hasOwn(file.features[other]!.columns, column)),
      )
      if (twice === undefined) return []
      const wrong = `two of the views have a feature ${quoted(twice)}`
      return [{ path, wrong, todo: 'Rename it in one of them with `sql`.' }]
    }),
  )
  return [...read, ...hidden, ...joined]
}

/** The data sets that views are read from, those they are computed from included. */
function setsRead(file: ProjectFile, views: readonly string[]): string[] {
  return views.flatMap((name) => {
    const view = file.features[name]
    if (!view) return []
    return isOnDemand(view) ? setsRead(file, storedOf(file, view.on_demand.views)) : [view.from ?? []].flat()
  })
}

const storedOf = (file: ProjectFile, views: readonly string[]) =>
  views.filter((name) => file.features[name] && !isOnDemand(file.features[name]))

function requestOf(file: ProjectFile, name: string): string[] {
  const view = file.features[name]!
  return isOnDemand(view) ? Object.keys(view.on_demand.request) : []
}

function objective(file: ProjectFile): Finding[] {
  const input = file.pipeline.train?.with
  const key = input?.maximize ? 'maximize' : 'minimize'
  const metric = input?.[key]
  if (metric === undefined) return []
  const path = ['pipeline', 'train', 'with', key]
  const task = file.data[input?.data ?? onlyLabelled(file.data)]?.task
  const metrics: Record<string, string> = task ? METRICS[task] : Object.assign({}, ...Object.values(METRICS))
  const direction = metrics[metric]
  if (direction === undefined)
    return [
      {
        path,
        wrong: `${metric} is no metric of a ${task} task`,
        todo: `There are ${Object.keys(metrics).join(', ')}.`,
      },
    ]
  if (direction === 'zero')
    return [
      {
        path,
        wrong: `${metric} is best at zero, so it is no objective`,
        todo: 'Choose a metric that is better large or small.',
      },
    ]
  const right = direction === 'higher' ? 'maximize' : 'minimize'
  if (right === key) return []
  return [
    {
      path,
      wrong: `${metric} is better ${direction === 'higher' ? 'large' : 'small'}`,
      todo: `Write \`${right}: ${metric}\`.`,
    },
  ]
}

/** Ages, windows and rows per day mean nothing where rows have no time. */
function agesWithoutTime(file: ProjectFile): Finding[] {
  const finding = (path: Finding['path'], set: string): Finding => ({
    path,
    wrong: 'rows have no time',
    todo: `Add \`time:\` to data.${set} with the column that says when a row happened.`,
  })
  const counted = Object.entries(file.data).flatMap(([name, set]) =>
    set.expect.flatMap((one, i) => {
      const key = needsTime(one)
      return key && !set.time ? [finding(['data', name, 'expect', i, key], name)] : []
    }),
  )
  const train = file.pipeline.train
  const name = train?.with?.data ?? onlyLabelled(file.data)
  if (!train || 'run' in train || file.data[name]?.time !== undefined) return counted
  const path = ['pipeline', 'train']
  const aged = (['half_life', 'window'] as const).filter((key) => train.search[key]?.some((age) => age !== 'all'))
  const blended =
    train.blend && 'period' in train.blend.hold_back ? [finding([...path, 'blend', 'hold_back'], name)] : []
  return [...counted, ...aged.map((key) => finding([...path, 'search', key], name)), ...blended]
}

function misplacedStepKeys(file: ProjectFile): Finding[] {
  return Object.entries(file.pipeline).flatMap(([name, step]) => {
    if (name === 'train') return []
    const path = ['pipeline', name]
    if (!('run' in step))
      return [{ path, wrong: `the step "${name}" has nothing to run`, todo: 'Add `run:` with a command.' }]
    return (['with', 'model'] as const)
      .filter((key) => step[key] !== undefined)
      .map((key) => ({ path: [...path, key], wrong: `"${key}" belongs to the step train`, todo: 'Remove it here.' }))
  })
}

function stepOrder(file: ProjectFile): Finding[] {
  const names = Object.keys(file.pipeline)
  const unknown = Object.entries(file.pipeline).flatMap(([name, step]) =>
    (step.after ?? []).flatMap((before, i) =>
      names.includes(before) ? [] : [missing(['pipeline', name, 'after', i], 'step', before, names)],
    ),
  )
  if (unknown.length > 0) return unknown
  try {
    orderSteps(file.pipeline)
    return []
  } catch (error) {
    return [
      {
        path: ['pipeline'],
        wrong: (error as RangeError).message,
        todo: 'Remove one `after` so that one of them can start.',
      },
    ]
  }
}

function environments(file: ProjectFile): Finding[] {
  const names = Object.keys(file.environments)
  const deployed = Object.entries(file.deploy ?? {}).flatMap(([name, { environment }]) =>
    names.includes(environment) ? [] : [missing(['deploy', name, 'environment'], 'environment', environment, names)],
  )
  const handed = Object.entries(file.pipeline).flatMap(([name, step]) => {
    const of = 'run' in step ? step.secrets_of : undefined
    if (of === undefined || names.includes(of)) return []
    return [missing(['pipeline', name, 'secrets_of'], 'environment', of, names)]
  })
  return [...deployed, ...handed]
}

function triggers(file: ProjectFile): Finding[] {
  const names = trainedDeployments(file.deploy ?? { [file.project]: {} })
  return (file.when ?? []).flatMap((trigger, i) => {
    if (trigger.then !== undefined) {
      const name = trigger.then.slice('deploy.'.length)
      return names.includes(name) ? [] : [missing(['when', i, 'then'], 'deployment', name, names)]
    }
    if (names.length === 1) return []
    if (names.length === 0)
      return [{ path: ['when', i], wrong: 'nothing is deployed', todo: 'Add a deployment under `deploy:`.' }]
    const todo = `Add \`then:\` with one of ${names.map((name) => `deploy.${name}`).join(', ')}.`
    return [{ path: ['when', i], wrong: 'there are several deployments it could be about', todo }]
  })
}

function missing(path: readonly PropertyKey[], kind: string, name: string, names: string[]): Finding {
  const known =
    names.length > 0 ? `There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}.` : `There is no ${kind} yet.`
  return { path, wrong: `there is no ${kind} ${quoted(name)}`, todo: suggestion(name, names) ?? known }
}
