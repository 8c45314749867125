import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { ExperimentLine, RunLine } from '#tracking/contract'
import { Failure, InlineFailure } from '../shell/failure.tsx'
import { plural } from '../shell/numbers.ts'
import { Empty, More, newerBy, Skeleton, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { pagesOf, server } from '../shell/server.ts'
import { ColumnChoice } from './column-choice.tsx'
import { columnFrom, differingColumns, firstColumns } from './columns.ts'
import { FilterBox } from './filter-box.tsx'
import { TrackHint } from './own-runs.tsx'
import { RunsTable, type Selection } from './runs-table.tsx'

const PAGE = 100
/** More curves than this tell nobody anything. */
const MOST_COMPARED = 20
const REFRESH_MS = 4_000

/** The runs of an experiment: filtered, ordered, chosen. All of it stands in the address. */
export function Explorer({ experiment }: { experiment: ExperimentLine }) {
  const [search, setSearch] = useSearchParams()
  const filter = search.get('filter') ?? ''
  const by = search.get('sort') ?? 'startedAt'
  const direction = search.get('direction') === 'asc' ? 'asc' : 'desc'
  // A filter asks about every run; without one, nested runs stand below their parents.
  const flat = search.has('flat') || filter !== ''
  const bin = search.get('bin') === 'only' || experiment.deletedAt !== null ? 'only' : undefined
  const onlyDiffering = search.has('differs')
  const query = useInfiniteQuery({
    ...pagesOf('tracking', 'listRuns', {
      query: {
        ...{ experimentId: experiment.id, filter, bin, orderBy: by, direction, limit: PAGE },
        ...(!flat && !bin && { parent: 'none' }),
      },
    }),
    placeholderData: keepPreviousData,
    // Metrics are too many for an event each. A reader who went on to further pages is not fetched all of them again.
    refetchInterval: ({ state }) => {
      const [first, ...more] = state.data?.pages ?? []
      return more.length === 0 && first?.runs.some((run) => run.state === 'running') ? REFRESH_MS : false
    },
  })
  const runs = useMemo(() => query.data?.pages.flatMap((page) => page.runs), [query.data])
  const chosen = search.get('columns')
  const columns = useMemo(() => {
    if (onlyDiffering) return differingColumns(runs ?? [])
    if (chosen !== null) return columnsIn(chosen)
    return firstColumns(runs ?? [])
  }, [runs, chosen, onlyDiffering])
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())
  const selection = useSelection()

  const set = (changes: Record<string, string | null>) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before)
        for (const [name, value] of Object.entries(changes))
          if (value === null || value === '') after.delete(name)
          else after.set(name, value)
        return after
      },
      { replace: true, preventScrollReset: true, flushSync: true },
    )
  const flag = (name: string, label: string, value = '1') => (
    <label className="check note">
      <input
        type="checkbox"
        checked={search.has(name)}
        onChange={(event) => set({ [name]: event.target.checked ? value : null })}
      />
      {label}
    </label>
  )
  const question = `${search} ${query.data?.pages.length}`
  return (
    <>
      <FilterBox
        filter={filter}
        error={query.isError && filter !== '' ? query.error : null}
        ask={(text) => set({ filter: text })}
      />
      <div className="toolbar">
        <ColumnChoice
          runs={runs ?? []}
          chosen={columns.map(({ id }) => id)}
          choose={(ids) => set({ columns: ids === null ? null : columnList(ids), differs: null })}
        />
        {flag('differs', 'show only what differs')}
        {filter === '' && flag('flat', 'nested runs in line')}
        {experiment.deletedAt === null && flag('bin', 'show the bin', 'only')}
        <Chosen selection={selection} inBin={bin === 'only'} />
      </div>
      {query.isError && !query.data ? (
        filter === '' && <Failure error={query.error} again={() => query.refetch()} />
      ) : !runs ? (
        <div aria-busy="true">
          <Skeleton lines={8} />
        </div>
      ) : runs.length === 0 ? (
        <Nothing filter={filter} bin={bin === 'only'} />
      ) : (
        <Steady
          value={{ runs, columns }}
          question={question}
          newerText={(shown, latest) => newerRuns(shown.runs, latest.runs)}
        >
          {(shown) => (
            <RunsTable
              runs={shown.runs}
              columns={shown.columns}
              sorting={{ by, direction, sort: (sort, way) => set({ sort, direction: way }) }}
              selection={selection}
              opened={opened}
              open={(run) =>
                setOpened(
                  (before) => new Set([...before].filter((id) => id !== run).concat(before.has(run) ? [] : run)),
                )
              }
            />
          )}
        </Steady>
      )}
      <More query={query} />
    </>
  )
}

function Nothing({ filter, bin }: { filter: string; bin: boolean }) {
  if (filter) return <Empty title="No run meets this filter" />
  if (bin) return <Empty title="The bin is empty">Runs that are deleted wait here until somebody restores them.</Empty>
  return (
    <>
      <Empty title="No run yet">Runs show here as soon as they start, and their metrics while they train.</Empty>
      <TrackHint />
    </>
  )
}

/** What can be done with the runs selected. */
function Chosen({ selection, inBin }: { selection: Selection; inBin: boolean }) {
  const queries = useQueryClient()
  const ids = [...selection.ids]
  const move = useMutation({
    mutationFn: async () => {
      for (const run of ids) {
        if (inBin) await server.tracking.restoreRun({ params: { run } })
        else await server.tracking.deleteRun({ params: { run } })
        selection.set([run], false)
      }
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['tracking'] }),
  })
  if (ids.length === 0)
    return move.isError ? (
      <InlineFailure error={move.error} />
    ) : (
      <span className="note">select runs to compare them</span>
    )
  return (
    <span className="chosen">
      <span className="note">{plural(ids.length, 'run')} selected</span>
      {ids.length >= 2 && ids.length <= MOST_COMPARED && (
        <Link className="button go" to={paths.compare(ids)}>
          Compare
        </Link>
      )}
      {ids.length > MOST_COMPARED && <span className="note">at most {MOST_COMPARED} can be compared</span>}
      <button
        type="button"
        className={inBin ? 'button' : 'button danger'}
        disabled={move.isPending}
        onClick={() => move.mutate()}
      >
        {inBin ? 'Restore' : 'Delete'}
      </button>
      {move.isError && <InlineFailure error={move.error} />}
    </span>
  )
}

function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  return {
    ids,
    set: (changed, selected) =>
      setIds((before) => {
        const after = new Set(before)
        for (const id of changed) selected ? after.add(id) : after.delete(id)
        return after
      }),
  }
}

const newerRuns = newerBy((run: RunLine) => run.id, 'run')

/** In the address columns are parted by commas, which a key may have too. */
const columnList = (ids: readonly string[]) => ids.map((id) => encodeURIComponent(id)).join(',') || 'none'
const columnsIn = (text: string) => text.split(',').flatMap((id) => columnFrom(decodeURIComponent(id)) ?? [])
