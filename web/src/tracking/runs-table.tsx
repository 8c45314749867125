import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { RunLine } from '#tracking/contract'
import { figure, plural } from '../shell/numbers.ts'
import { Ago, Mark } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { bestIn, type Column, columnName, firstDirection, isNumeric, valueIn } from './columns.ts'
import { Took } from './runs.tsx'
import { RUN_TONES } from './states.ts'

/** Of a run's own nested runs; the rest stands on its page. */
const MOST_NESTED = 100

export interface Sorting {
  readonly by: string
  readonly direction: 'asc' | 'desc'
  sort(by: string, direction: 'asc' | 'desc'): void
}

export interface Selection {
  readonly ids: ReadonlySet<string>
  set(ids: readonly string[], selected: boolean): void
}

/** Runs with the columns chosen: ordered by any of them, selected to compare, nested ones below theirs. */
export function RunsTable({
  runs,
  columns,
  sorting,
  selection,
  opened,
  open,
}: {
  runs: readonly RunLine[]
  columns: readonly Column[]
  sorting: Sorting
  selection: Selection
  /** Ids of the runs whose nested runs are shown; nothing nests where there are none to open. */
  opened: ReadonlySet<string>
  open: (run: string) => void
}) {
  const best = new Map(columns.filter(isNumeric).map((each) => [each.id, bestIn(runs, each)]))
  const all = runs.every((run) => selection.ids.has(run.id))
  const head = (by: string, text: string, way: 'asc' | 'desc', numeric = false) => {
    const on = sorting.by === by
    return (
      <th
        key={by}
        className={numeric ? 'n' : ''}
        aria-sort={on ? (sorting.direction === 'asc' ? 'ascending' : 'descending') : 'none'}
      >
        <button
          type="button"
          className="sort"
          onClick={() => sorting.sort(by, on ? (sorting.direction === 'asc' ? 'desc' : 'asc') : way)}
        >
          {text}
        </button>
      </th>
    )
  }
  return (
    <div className="scroll">
      <table className="runs-table">
        <thead>
          <tr>
            <th className="pick">
              <input
                type="checkbox"
                aria-label="Select all runs shown"
                checked={all}
                onChange={() =>
                  selection.set(
                    runs.map((run) => run.id),
                    !all,
                  )
                }
              />
            </th>
            {head('name', 'run', 'asc')}
            {columns.map((each) => head(each.id, columnName(each), firstDirection(each), isNumeric(each)))}
            {head('startedAt', 'started', 'desc')}
            <th className="n">took</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Rows key={run.id} run={run} depth={0} {...{ columns, best, selection, opened, open }} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface RowProps {
  run: RunLine
  depth: number
  columns: readonly Column[]
  best: ReadonlyMap<string, number | undefined>
  selection: Selection
  opened: ReadonlySet<string>
  open: (run: string) => void
}

function Rows(props: RowProps) {
  const { run, depth, columns, best, selection, opened, open } = props
  const isOpen = opened.has(run.id)
  return (
    <>
      <tr data-row className={selection.ids.has(run.id) ? 'selected' : ''}>
        <td className="pick">
          <input
            type="checkbox"
            aria-label={`Select ${run.name}`}
            checked={selection.ids.has(run.id)}
            onChange={(event) => selection.set([run.id], event.target.checked)}
          />
        </td>
        <td className="nowrap">
          <span className="state" style={{ paddingLeft: depth * 22 }}>
            <Mark tone={RUN_TONES[run.state]} />
            <Link to={paths.trial('', run.id)}>{run.name}</Link>
            {run.state === 'finished' ? (
              <span className="visually-hidden">finished</span>
            ) : (
              <span className="note">{run.state}</span>
            )}
            {run.nested > 0 && (
              <button
                type="button"
                className="linkish note"
                aria-expanded={isOpen}
                aria-label={`${plural(run.nested, 'nested run')} of ${run.name}`}
                onClick={() => open(run.id)}
              >
                {isOpen ? '▾' : '▸'} {run.nested} nested
              </button>
            )}
          </span>
        </td>
        {columns.map((each) => (
          <Cell key={each.id} run={run} column={each} best={best.get(each.id)} />
        ))}
        <td className="nowrap">
          <Ago at={run.startedAt} />
        </td>
        <td className="n">
          <Took from={run.startedAt} to={run.endedAt} />
        </td>
      </tr>
      {isOpen && run.nested > 0 && <Nested {...props} />}
    </>
  )
}

function Nested(props: RowProps) {
  const { run, depth, columns } = props
  const found = useQuery(
    ask('tracking', 'listRuns', { query: { parent: run.id, limit: MOST_NESTED, direction: 'asc' } }),
  )
  const rest = found.data?.next != null
  return (
    <>
      {found.data?.runs.map((nested) => (
        <Rows key={nested.id} {...props} run={nested} depth={depth + 1} />
      ))}
      {(found.isPending || found.isError || rest) && (
        <tr>
          <td />
          <td colSpan={columns.length + 3} className="note" style={{ paddingLeft: (depth + 1) * 22 }}>
            {found.isPending ? (
              'Loading…'
            ) : found.isError ? (
              found.error.message
            ) : (
              <Link to={paths.trial('', run.id)}>all {run.nested} nested runs</Link>
            )}
          </td>
        </tr>
      )}
    </>
  )
}

function Cell({ run, column, best }: { run: RunLine; column: Column; best: number | undefined }) {
  const value = valueIn(run, column)
  if (!isNumeric(column))
    return (
      <td className="mono clip" title={value == null ? undefined : String(value)}>
        {value ?? '–'}
      </td>
    )
  if (value === null) return <td className="n">NaN</td>
  const isBest = value !== undefined && value === best
  return (
    <td className={isBest ? 'n best' : 'n'} title={value === undefined ? undefined : String(value)}>
      {figure(value as number | undefined)}
      {isBest && <span className="best-word"> best</span>}
    </td>
  )
}
