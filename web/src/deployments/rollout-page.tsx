import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { Rollout, RolloutLook } from '#deployments/contract'
import { Asked } from '../shell/asked.tsx'
import { percent } from '../shell/numbers.ts'
import { Ago, Badge, Empty, Mark, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { eventMinute } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { Curves, ExperimentPanel } from './curves.tsx'
import './deployments.css'
import { EvidenceTable } from './evidence.tsx'
import { ShareOverTime } from './share-over-time.tsx'
import { ROLLOUT_TONES } from './states.ts'
import { Steer } from './steer.tsx'
import { Track } from './track.tsx'
import { STRATEGY_WORDS } from './words.ts'

export function RolloutPage() {
  const { project = '', rollout = '' } = useParams()
  const found = useQuery({
    ...ask('deployments', 'listLooks', { params: { rollout } }),
    // Looks are told by no event; while it is under way, each may be the one that decides.
    refetchInterval: ({ state }) => (state.data?.rollout.finishedAt === null ? 5_000 : false),
  })
  useTitle(found.data ? `${found.data.rollout.endpoint} v${found.data.rollout.version}` : 'roll-out', project)
  return (
    <Asked query={found} skeleton={<Skeleton height={400} />}>
      {({ rollout: one, looks }) => <OneRollout rollout={one} looks={looks} project={project} />}
    </Asked>
  )
}

function OneRollout({ rollout, looks, project }: { rollout: Rollout; looks: RolloutLook[]; project: string }) {
  const { endpoint, model, version, from, strategy, state, paused } = rollout
  const last = looks.at(-1)
  const [candidate, champion] = [`v${version}`, from === null ? 'champion' : `v${from}`]
  return (
    <>
      <PageHead
        crumbs={[
          { to: paths.endpoints(project), text: 'Endpoints' },
          { to: paths.endpoint(project, endpoint), text: endpoint },
        ]}
        title={`Roll-out of ${model} v${version}`}
        badge={
          <>
            <State tone={ROLLOUT_TONES[state]}>{state.replaceAll('_', ' ')}</State>
            {paused && <Badge tone="warn">paused</Badge>}
            <Badge>{STRATEGY_WORDS[strategy]}</Badge>
          </>
        }
      >
        <Link to={paths.version(project, model, version)}>v{version}</Link>
        {from !== null && (
          <>
            {' '}
            to replace <Link to={paths.version(project, model, from)}>v{from}</Link>
          </>
        )}{' '}
        · began <Ago at={rollout.createdAt} />
        {rollout.finishedAt !== null && (
          <>
            {' '}
            · ended <Ago at={rollout.finishedAt} />
          </>
        )}
      </PageHead>
      {paused && (
        <p className="paused-line">
          <Mark tone="warn" /> Paused by <b>{paused.by}</b> <Ago at={paused.at} />: {paused.reason}
        </p>
      )}
      <div className="grid">
        <Panel title="Where it stands">
          <Track rollout={rollout} />
          <Steer rollout={rollout} />
        </Panel>
        <Panel title="Its share of the answers over time" className="span-12">
          <ShareOverTime rollout={rollout} />
        </Panel>
        {strategy === 'ab' && (
          <Panel title="The experiment" note="may be looked at at any time">
            <ExperimentPanel looks={looks} rollout={rollout} />
          </Panel>
        )}
        <Panel title="Candidate and champion" className="span-6 stretch">
          <Curves looks={looks} rollout={rollout} />
        </Panel>
        <Panel title="What is known now" className="span-6 stretch" note={last && <Ago at={last.at} />}>
          {last ? (
            <EvidenceTable evidence={last.evidence} candidate={candidate} champion={champion} />
          ) : (
            <Empty title="Not looked at yet">
              Once it is live, each look stands here: errors, time to answer, how far the answers differ, quality and
              value.
            </Empty>
          )}
        </Panel>
        <Panel title="Decisions" note="each with what it stood on">
          <ol className="timeline">
            {rollout.history.map((entry, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added at the end.
              <li key={i}>
                <Mark tone={ROLLOUT_TONES[entry.state]} />
                <div>
                  <b>
                    {entry.state.replaceAll('_', ' ')}
                    {entry.share > 0 && entry.share < 1 ? ` ${percent(entry.share)}` : ''}
                  </b>{' '}
                  {entry.note}
                  {entry.evidence && (
                    <details>
                      <summary className="note">evidence</summary>
                      <EvidenceTable evidence={entry.evidence} candidate={candidate} champion={champion} />
                    </details>
                  )}
                </div>
                <span className="note">
                  {entry.eventTime === null ? <Ago at={entry.at} /> : eventMinute(entry.eventTime)}
                </span>
              </li>
            ))}
          </ol>
        </Panel>
      </div>
      <SameAs api={`/api/rollouts/${rollout.id}/looks`} cli={`orrery rollout status ${endpoint}`} />
    </>
  )
}
