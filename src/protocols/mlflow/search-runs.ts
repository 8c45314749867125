import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Condition, Order, ReadFilter, Subject, Tracking } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import { PARENT_RUN, RUN_NAME, runReply, USER } from './entities.ts'
import { type Clause, parseFilter, parseOrder } from './filter.ts'
import { checkDatasetClause, inputMeets, knownInputs } from './inputs.ts'
import { ExperimentIds, message, PageToken, pageSize, RunReply, unlessEmpty, ViewType } from './messages.ts'
import { pageAfter, pageStart } from './paging.ts'

export const searchRoutes = defineRoutes({
  searchRuns: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/search',
    permission: 'tracking:read',
    summary: 'MLflow: runs of some experiments by metrics, params, tags and attributes.',
    body: message({
      experiment_ids: ExperimentIds.default([]),
      filter: z.string().default(''),
      run_view_type: ViewType,
      max_results: pageSize(50_000).default(1_000),
      order_by: z.array(z.string()).default([]),
      page_token: PageToken,
    }),
    reply: z.object({ runs: z.array(RunReply).optional(), next_page_token: z.string().optional() }),
    unchecked: true,
  },
})

/** Runs are read with all their values: larger pages would be held in memory whole. Clients follow the page token. */
const LARGEST_PAGE = 2_000

/** As many datasets as one statement can ask for. */
const MOST_INPUTS = 10_000

/** Reads the filter of a search for runs of some experiments. @throws ParameterInvalid */
export function runFilterReader(tracking: Tracking): ReadFilter {
  /** For each clause, the tags of the inputs that meet it. */
  async function inputsMeeting(clauses: readonly Clause[], experiments: readonly string[]) {
    if (clauses.length === 0) return undefined
    for (const clause of clauses) checkDatasetClause(clause)
    const inputs = await knownInputs(tracking, experiments)
    return clauses.map((clause) => {
      const tags = new Map(inputs.filter((input) => inputMeets(input, clause)).map(({ tag }) => [tag.join('\n'), tag]))
      if (tags.size > MOST_INPUTS)
        throw new ParameterInvalid(`More than ${MOST_INPUTS} datasets meet '${clause.key}'.`, 'Ask for fewer.')
      return [...tags.values()]
    })
  }

  return async (filter, experiments) => {
    const clauses = parseFilter(filter)
    const datasets = clauses.filter(({ on }) => on === 'dataset')
    return {
      where: clauses.filter(({ on }) => on !== 'dataset').map(conditionFrom),
      tagged: await inputsMeeting(datasets, experiments),
    }
  }
}

export function searchHandlers({ tracking }: { tracking: Tracking }): Handlers<typeof searchRoutes> {
  const readFilter = runFilterReader(tracking)
  return {
    searchRuns: async ({ body }) => {
      const limit = Math.min(body.max_results, LARGEST_PAGE)
      const offset = pageStart(body.page_token)
      const runs = await tracking.runsWithPoints({
        experiments: body.experiment_ids,
        ...(await readFilter(body.filter, body.experiment_ids)),
        orderBy: body.order_by.map(orderFrom),
        bin: body.run_view_type,
        // One more tells whether there is another page.
        limit: limit + 1,
        offset,
      })
      const page = runs.slice(0, limit)
      return {
        ...unlessEmpty(
          'runs',
          page.map(({ run, points }) => runReply(run, points)),
        ),
        ...pageAfter(offset, page.length, runs.length),
      }
    },
  }
}

type Attribute = Extract<Condition, { on: 'attribute' }>['key']

const ATTRIBUTES = new Map<string, Attribute>(
  Object.entries({
    ...{ run_id: 'id', run_name: 'name', 'run name': 'name', 'Run name': 'name', 'Run Name': 'name', status: 'state' },
    ...{ start_time: 'startedAt', created: 'startedAt', Created: 'startedAt', end_time: 'endedAt' },
  }),
)

/** Tags of the original that are facts of their own here. */
const FACTS = new Map<string, Attribute>([
  [RUN_NAME, 'name'],
  [PARENT_RUN, 'parent'],
])

const COMPARISONS: readonly string[] = ['=', '!=', '<', '<=', '>', '>=']
const PATTERNS: readonly string[] = ['=', '!=', 'like', 'ilike', 'in', 'not in', 'absent', 'present']

/** @throws ParameterInvalid where the original refuses the clause too */
export function conditionFrom(clause: Clause): Condition {
  const subject = subjectOf(clause)
  const isNumber = subject.on === 'metric' || subject.key === 'startedAt' || subject.key === 'endedAt'
  const { is, value } = clause
  if (!(isNumber ? COMPARISONS : PATTERNS).includes(is))
    throw new ParameterInvalid(`Invalid comparator '${is}' for ${clause.on} '${clause.key}'.`)
  if (is !== 'absent' && is !== 'present' && is !== 'in' && is !== 'not in') {
    if (isNumber && typeof value !== 'number')
      throw new ParameterInvalid(`Expected numeric value type for ${clause.on} '${clause.key}'. Found '${value}'.`)
    if (!isNumber && typeof value !== 'string')
      throw new ParameterInvalid(`Expected a quoted string value for ${clause.on} '${clause.key}'. Got ${value}.`)
  }
  // Our states are their statuses in lower case.
  const lower = (text: string) => (subject.key === 'state' ? text.toLowerCase() : text)
  const translated = Array.isArray(value) ? value.map(lower) : typeof value === 'string' ? lower(value) : value
  return { ...subject, is, ...(translated !== undefined && { value: translated }) } as Condition
}

export function orderFrom(text: string): Order {
  const { direction, ...clause } = parseOrder(text)
  return { ...subjectOf(clause), direction } as Order
}

function subjectOf({ on, key }: Pick<Clause, 'on' | 'key'>): Subject {
  switch (on) {
    case 'attribute': {
      if (key === 'user_id') return { on: 'tag', key: USER }
      const attribute = ATTRIBUTES.get(key)
      if (!attribute)
        throw new ParameterInvalid(
          `Invalid attribute key '${key}' specified. Valid keys are ${[...ATTRIBUTES.keys()].join(', ')}.`,
        )
      return { on, key: attribute }
    }
    case 'tag': {
      const fact = FACTS.get(key)
      return fact ? { on: 'attribute', key: fact } : { on, key }
    }
    case 'metric_min':
      return { on: 'metric', of: 'min', key }
    case 'metric_max':
      return { on: 'metric', of: 'max', key }
    case 'dataset':
      throw new ParameterInvalid('Runs cannot be searched by dataset yet.')
    default:
      return { on, key }
  }
}
