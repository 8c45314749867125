import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useMemo } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { RunLine } from '#tracking/contract'
import { Swatch } from '../charts/lines-chart.tsx'
import { Parallel } from '../charts/parallel.tsx'
import { Asked } from '../shell/asked.tsx'
import { metricName } from '../shell/metrics.ts'
import { figure, plural } from '../shell/numbers.ts'
import { Ago, Empty, Mark, PageHead, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import {
  bestIn,
  type Column,
  column,
  columnName,
  differs,
  isNumeric,
  knownColumns,
  metricColumns,
  valueIn,
  variesIn,
  varyingFirst,
} from './columns.ts'
import { CurveControls, Curves, useCurveSettings } from './curves.tsx'
import { isOfSystem } from './histories.ts'
import { refreshEvery } from './live-histories.ts'
import { Took } from './runs.tsx'
import { RUN_TONES } from './states.ts'
import './tracking.css'

const MOST = 100
/** Axes side by side that a reader can still follow. */
const MOST_AXES = 9

/** Runs side by side: what went in, what came out, and how they got there. */
export function ComparePage() {
  const [search] = useSearchParams()
  const ids = (search.get('runs') ?? '').split(',').filter(Boolean).slice(0, MOST)
  useTitle('Compare runs')
  const list = ids.map((id) => `'${id.replaceAll("'", "''")}'`).join(', ')
  const found = useQuery({
    ...ask('tracking', 'listRuns', {
      query: { filter: `attributes.run_id IN (${list})`, bin: 'with', limit: MOST },
    }),
    enabled: ids.length > 0,
    refetchInterval: ({ state: { data } }) => {
      const running = data?.runs.filter((run) => run.state === 'running') ?? []
      return running.length === 0 ? false : Math.min(...running.map((run) => refreshEvery(run.startedAt)))
    },
  })
  if (ids.length === 0)
    return (
      <>
        <PageHead crumbs={[{ to: paths.experiments(), text: 'Experiments' }]} title="Compare runs" />
        <Panel title="No run is named">
          <Empty title="Select runs of an experiment to compare them">
            <Link to={paths.experiments()}>All experiments</Link>
          </Empty>
        </Panel>
      </>
    )
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {({ runs }) => <Compared runs={inOrder(runs, ids)} asked={ids.length} />}
    </Asked>
  )
}

const inOrder = (runs: readonly RunLine[], ids: readonly string[]) =>
  ids.flatMap((id) => runs.find((run) => run.id === id) ?? [])

function Compared({ runs, asked }: { runs: readonly RunLine[]; asked: number }) {
  const [search, setSearch] = useSearchParams()
  const [settings, set] = useCurveSettings()
  const all = search.has('all')
  const ids = runs.map((run) => run.id).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same runs asked for again are the same lines.
  const lines = useMemo(() => runs.map((run, look) => ({ id: run.id, name: run.name, look })), [ids])
  const { metrics, params, tags } = knownColumns(runs)
  const own = metrics.filter((name) => !isOfSystem(name))
  const experiments = new Map(runs.map((run) => [run.experimentId, run.experiment]))
  const [experiment] = experiments
  const shown = (columns: Column[]) => columns.filter((each) => all || differs(runs, each))
  const paramColumns = params.map((key) => column('param', key))
  const numbers = own.flatMap((key) => metricColumns(runs, key))
  const tagColumns = tags.map((key) => column('tag', key))
  const equal = [...paramColumns, ...numbers, ...tagColumns].filter((each) => !differs(runs, each)).length
  return (
    <>
      <PageHead
        crumbs={[
          { to: paths.experiments(), text: 'Experiments' },
          ...(experiments.size === 1 && experiment
            ? [{ to: paths.experiment(experiment[0]), text: experiment[1] }]
            : []),
        ]}
        title={`${plural(runs.length, 'run')} side by side`}
      >
        {asked > runs.length && `${plural(asked - runs.length, 'run')} named in the address could not be found.`}
      </PageHead>
      <div className="grid">
        <Panel
          title="What they differ in"
          aside={
            <label className="check note">
              <input
                type="checkbox"
                checked={!all}
                onChange={(event) =>
                  setSearch(
                    (before) => {
                      const after = new URLSearchParams(before)
                      if (event.target.checked) after.delete('all')
                      else after.set('all', '1')
                      return after
                    },
                    { replace: true, preventScrollReset: true, flushSync: true },
                  )
                }
              />
              show only what differs{equal > 0 && ` (${plural(equal, 'row')} equal)`}
            </label>
          }
        >
          <div className="scroll">
            <table className="compare">
              <thead>
                <tr>
                  <th>run</th>
                  {runs.map((run, look) => (
                    <th key={run.id} className="compare-run">
                      <Swatch look={look} /> <Link to={paths.trial('', run.id)}>{run.name}</Link>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                <Row name="state">
                  {runs.map((run) => (
                    <td key={run.id}>
                      <span className="state">
                        <Mark tone={RUN_TONES[run.state]} />
                        {run.state}
                      </span>
                    </td>
                  ))}
                </Row>
                <Row name="started">
                  {runs.map((run) => (
                    <td key={run.id}>
                      <Ago at={run.startedAt} />
                    </td>
                  ))}
                </Row>
                <Row name="took">
                  {runs.map((run) => (
                    <td key={run.id}>
                      <Took from={run.startedAt} to={run.endedAt} />
                    </td>
                  ))}
                </Row>
                {experiments.size > 1 && (
                  <Row name="experiment">
                    {runs.map((run) => (
                      <td key={run.id}>{run.experiment}</td>
                    ))}
                  </Row>
                )}
              </tbody>
              <Group title="Params" runs={runs} columns={shown(paramColumns)} />
              <Group title="Metrics" runs={runs} columns={shown(numbers)} />
              <Group title="Tags" runs={runs} columns={shown(tagColumns)} />
            </table>
          </div>
        </Panel>
        <Panel title="Curves">
          <CurveControls settings={settings} set={set} />
          <Curves
            runs={lines}
            metrics={varyingFirst(runs, own)}
            live={runs.some((run) => run.state === 'running')}
            settings={settings}
            height={240}
          />
          {!own.some((name) => runs.some((run) => variesIn(run, name))) && (
            <p className="note">No metric of these runs was logged at more than one step.</p>
          )}
        </Panel>
        <Across runs={runs} params={paramColumns} metrics={own} />
      </div>
      <SameAs api={`/api/runs?filter=${encodeURIComponent(`attributes.run_id IN ('${runs[0]?.id ?? ''}')`)}`} />
    </>
  )
}

function Group({ title, runs, columns }: { title: string; runs: readonly RunLine[]; columns: readonly Column[] }) {
  if (columns.length === 0) return null
  return (
    <tbody>
      <tr className="group-head">
        <th colSpan={runs.length + 1} scope="rowgroup">
          {title}
        </th>
      </tr>
      {columns.map((each) => {
        const isDifferent = differs(runs, each)
        const best = isNumeric(each) ? bestIn(runs, each) : undefined
        return (
          <Row key={each.id} name={columnName(each)} differs={isDifferent}>
            {runs.map((run) => {
              const value = valueIn(run, each)
              const isBest = best !== undefined && value === best && isDifferent
              return (
                <td
                  key={run.id}
                  className={isBest ? 'mono best' : 'mono long-value'}
                  title={value == null ? '' : String(value)}
                >
                  {isNumeric(each) ? (value === null ? 'NaN' : figure(value as number | undefined)) : (value ?? '–')}
                  {isBest && <span className="best-word"> best</span>}
                </td>
              )
            })}
          </Row>
        )
      })}
    </tbody>
  )
}

function Row({
  name,
  differs: isDifferent = false,
  children,
}: {
  name: string
  differs?: boolean
  children: ReactNode
}) {
  return (
    <tr className={isDifferent ? 'differs' : ''}>
      <th scope="row">
        {isDifferent && (
          <span className="differs-mark" title="not the same in all runs">
            ≠
          </span>
        )}
        {name}
      </th>
      {children}
    </tr>
  )
}

/** What the runs differ in as axes, and one metric to judge by as the last of them. */
function Across({
  runs,
  params,
  metrics,
}: {
  runs: readonly RunLine[]
  params: readonly Column[]
  metrics: readonly string[]
}) {
  const [search, setSearch] = useSearchParams()
  const telling = params.filter((each) => differs(runs, each)).slice(0, MOST_AXES - 1)
  const wanted = search.get('by')
  const metric = metrics.find((name) => name === wanted) ?? metrics[0]
  if (runs.length < 2 || telling.length === 0 || metric === undefined) return null
  const axes = [...telling, column('metric', metric)].map((each) => ({
    name: columnName(each),
    values: runs.map((run) => valueIn(run, each) ?? null),
  }))
  return (
    <Panel
      title="Which params go with which result"
      aside={
        <label className="check note">
          judged by
          <select
            className="field"
            value={metric}
            onChange={(event) =>
              setSearch(
                (before) => {
                  const after = new URLSearchParams(before)
                  after.set('by', event.target.value)
                  return after
                },
                { replace: true, preventScrollReset: true, flushSync: true },
              )
            }
          >
            {metrics.map((name) => (
              <option key={name} value={name}>
                {metricName(name)}
              </option>
            ))}
          </select>
        </label>
      }
    >
      <Parallel axes={axes} lines={runs.map((run, look) => ({ id: run.id, name: run.name, look }))} />
    </Panel>
  )
}
