import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { type ExperimentLine, MOST_COUNTED } from '#tracking/contract'
import { Failure, InlineFailure } from '../shell/failure.tsx'
import { count } from '../shell/numbers.ts'
import { Ago, Badge, Empty, More, newerBy, PageHead, Panel, SameAs, Skeleton, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { pagesOf, server } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { TrackHint } from './own-runs.tsx'
import './tracking.css'
import { isOfClient } from './tag-words.ts'

const PAGE = 50

/** Experiments of people's own training code, the one with the newest run first. */
export function ExperimentsPage() {
  useTitle('Experiments')
  const [search, setSearch] = useSearchParams()
  const text = search.get('text') ?? ''
  const bin = search.get('bin') === 'only' ? 'only' : undefined
  const project = search.get('of') === 'all' ? undefined : 'none'
  const query = useInfiniteQuery({
    ...pagesOf('tracking', 'listExperiments', { query: { text, bin, project, limit: PAGE } }),
    placeholderData: keepPreviousData,
  })
  // Who deletes a row wants to see it go, though the pointer is still there.
  const [moved, setMoved] = useState(0)
  const experiments = query.data?.pages.flatMap((page) => page.experiments)
  const set = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before)
        if (value) after.set(name, value)
        else after.delete(name)
        return after
      },
      { replace: true, flushSync: true },
    )
  return (
    <>
      <PageHead title="Experiments">What training code tracks here, with the mlflow client or by plain HTTP.</PageHead>
      <Panel title={bin ? 'In the bin' : 'Experiments'}>
        <div className="toolbar">
          <input
            type="search"
            aria-label="Find an experiment by its name"
            placeholder="Find by name"
            value={text}
            onChange={(event) => set('text', event.target.value)}
          />
          <label className="check note">
            <input
              type="checkbox"
              checked={project === undefined}
              onChange={(event) => set('of', event.target.checked ? 'all' : null)}
            />
            also those of pipelines
          </label>
          <label className="check note">
            <input
              type="checkbox"
              checked={bin === 'only'}
              onChange={(event) => set('bin', event.target.checked ? 'only' : null)}
            />
            show the bin
          </label>
        </div>
        {query.isError && !experiments ? (
          <Failure error={query.error} again={() => query.refetch()} />
        ) : !experiments ? (
          <div aria-busy="true">
            <Skeleton lines={6} />
          </div>
        ) : experiments.length === 0 ? (
          <Nothing asked={text !== ''} bin={bin === 'only'} />
        ) : (
          <Steady
            value={experiments}
            question={`${search} ${moved}`}
            newerText={newerBy((one) => one.id, 'experiment')}
          >
            {(shown) => <Table experiments={shown} onMoved={() => setMoved(moved + 1)} />}
          </Steady>
        )}
        <More query={query} />
      </Panel>
      <SameAs api="/api/experiments" />
    </>
  )
}

function Nothing({ asked, bin }: { asked: boolean; bin: boolean }) {
  if (asked) return <Empty title="No experiment is called so" />
  if (bin) return <Empty title="The bin is empty">What is deleted waits here until somebody restores it.</Empty>
  return (
    <>
      <Empty title="No experiment yet">
        Training code on the mlflow client needs no change, only this address; its runs show here while they train.
      </Empty>
      <TrackHint />
    </>
  )
}

function Table({ experiments, onMoved }: { experiments: readonly ExperimentLine[]; onMoved: () => void }) {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>experiment</th>
            <th className="n">runs</th>
            <th>last run</th>
            <th>tags</th>
            <th>made</th>
            <th>
              <span className="visually-hidden">actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {experiments.map((experiment) => (
            <tr key={experiment.id} data-row>
              <td className="wrap">
                <Link to={paths.experiment(experiment.id)}>{experiment.name}</Link>{' '}
                {experiment.project !== null && <Badge>pipeline of {experiment.project}</Badge>}
              </td>
              <td className="n">
                {experiment.runs > MOST_COUNTED ? `over ${count(MOST_COUNTED)}` : count(experiment.runs)}
              </td>
              <td className="nowrap">{experiment.lastRunAt === null ? '–' : <Ago at={experiment.lastRunAt} />}</td>
              <td>
                <TagBadges tags={experiment.tags} />
              </td>
              <td className="nowrap">
                <Ago at={experiment.createdAt} />
              </td>
              <td className="row-action">
                <BinButton experiment={experiment} onMoved={onMoved} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** People's own tags; those that clients set by themselves stand on the page of their owner. */
export function TagBadges({ tags }: { tags: Readonly<Record<string, string>> }) {
  const own = Object.entries(tags).filter(([key]) => !isOfClient(key))
  if (own.length === 0) return <span className="note">–</span>
  return (
    <span className="badges">
      {own.map(([key, value]) => (
        <Badge key={key}>{value === '' ? key : `${key}: ${value}`}</Badge>
      ))}
    </span>
  )
}

/** Into the bin, or out of it. */
export function BinButton({
  experiment,
  onMoved,
}: {
  experiment: Pick<ExperimentLine, 'id' | 'name' | 'deletedAt'>
  onMoved?: () => void
}) {
  const queries = useQueryClient()
  const inBin = experiment.deletedAt !== null
  const move = useMutation({
    mutationFn: () => {
      const call = { params: { experiment: experiment.id } }
      return inBin ? server.tracking.restoreExperiment(call) : server.tracking.deleteExperiment(call)
    },
    onSuccess: () => {
      onMoved?.()
      return queries.invalidateQueries({ queryKey: ['tracking'] })
    },
  })
  return (
    <>
      <button
        type="button"
        className={inBin ? 'button' : 'button danger'}
        disabled={move.isPending}
        aria-label={`${inBin ? 'Restore' : 'Delete'} ${experiment.name}`}
        title={inBin ? undefined : 'Puts it and its runs into the bin, where everything stays readable'}
        onClick={() => move.mutate()}
      >
        {inBin ? 'Restore' : 'Delete'}
      </button>
      {move.isError && <InlineFailure error={move.error} />}
    </>
  )
}
