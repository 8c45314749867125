import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import type { Endpoint } from '#deployments/contract'
import { SharedCursor } from '../charts/cursor.tsx'
import { InStep } from '../monitoring/in-step.tsx'
import { Weights } from '../monitoring/weights.tsx'
import { GraphPicture, graphOf } from '../registry/graph.tsx'
import { FeedbackOfEndpoint } from '../serving/feedback.tsx'
import { InMemory } from '../serving/in-memory.tsx'
import { Predictions } from '../serving/predictions.tsx'
import { TryIt } from '../serving/try-it.tsx'
import { Asked } from '../shell/asked.tsx'
import { InlineFailure } from '../shell/failure.tsx'
import { Ago, Badge, Id, PageHead, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, server } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { Rollouts } from './rollouts.tsx'
import { TrafficTable } from './traffic-table.tsx'

export function EndpointPage() {
  const { project = '', endpoint = '' } = useParams()
  useTitle(endpoint, project)
  const found = useQuery(ask('deployments', 'getEndpoint', { params: { endpoint } }))
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {(one) => <OneEndpoint endpoint={one} project={project} />}
    </Asked>
  )
}

function OneEndpoint({ endpoint, project }: { endpoint: Endpoint; project: string }) {
  const [asking, setAsking] = useState(false)
  const canRollBack =
    endpoint.traffic.canary !== null || endpoint.traffic.kept.length > 0 || endpoint.traffic.stable.length > 1
  return (
    <SharedCursor>
      <PageHead
        crumbs={[{ to: paths.endpoints(project), text: 'Endpoints' }]}
        title={endpoint.name}
        badge={<Badge>{endpoint.environment}</Badge>}
        actions={
          canRollBack && (
            <button type="button" className="button danger" onClick={() => setAsking(!asking)} aria-expanded={asking}>
              Roll back
            </button>
          )
        }
      >
        answers with <Link to={paths.model(project, endpoint.model)}>{endpoint.model}</Link> · changed{' '}
        <Ago at={endpoint.updatedAt} /> · <Link to={paths.monitor(project, endpoint.name)}>monitors</Link>
        <PackageHash endpoint={endpoint} />
        <Others endpoint={endpoint} project={project} />
      </PageHead>
      {asking && <RollBack endpoint={endpoint} close={() => setAsking(false)} />}
      <div className="grid">
        <Panel title="Traffic" className="span-7 stretch">
          <TrafficTable endpoint={endpoint} />
        </Panel>
        <Panel title="Who answered" className="span-5 stretch">
          <Weights project={project} endpoint={endpoint.name} model={endpoint.model} />
        </Panel>
        <Composed endpoint={endpoint} project={project} />
        <Panel title="How well it kept in step">
          <InStep project={project} endpoint={endpoint.name} model={endpoint.model} height={260} />
        </Panel>
        <Panel title="Try it">
          <TryIt endpoint={endpoint} />
        </Panel>
        <Panel title="Roll-outs" className="span-5 stretch">
          <Rollouts endpoint={endpoint} />
        </Panel>
        <Panel title="Recent predictions" className="span-7 stretch">
          <Predictions endpoint={endpoint} />
        </Panel>
        <InMemory endpoint={endpoint.name} />
        <Panel title="What people say">
          <FeedbackOfEndpoint endpoint={endpoint.name} />
        </Panel>
      </div>
      <SameAs api={`/api/endpoints/${endpoint.name}`} cli={`orrery status ${project}`} />
    </SharedCursor>
  )
}

/** Of what answers, byte for byte the file that was tested and signed. */
function PackageHash({ endpoint: { model, champion } }: { endpoint: Endpoint }) {
  const found = useQuery({
    ...ask('registry', 'getVersion', { params: { model, version: champion ?? 0 } }),
    enabled: champion !== null,
  })
  const hash = found.data?.package?.hash
  if (!hash) return null
  return (
    <>
      {' · package '}
      <Id value={hash} tail={false} />
    </>
  )
}

/** The champion as a picture, where it is composed of versions. */
function Composed({ endpoint: { model, champion }, project }: { endpoint: Endpoint; project: string }) {
  const found = useQuery({
    ...ask('registry', 'getVersion', { params: { model, version: champion ?? 0 } }),
    enabled: champion !== null,
  })
  const graph = found.data && graphOf(found.data)
  if (!graph) return null
  return (
    <Panel title="How it answers" note={`v${champion} is composed of versions that answer together`}>
      <GraphPicture graph={graph} project={project} />
    </Panel>
  )
}

/** Where the same model answers besides, such as where its versions are rehearsed. */
function Others({ endpoint, project }: { endpoint: Endpoint; project: string }) {
  const all = useQuery(ask('deployments', 'listEndpoints', { query: { project } }))
  const others =
    all.data?.endpoints.filter((each) => each.model === endpoint.model && each.name !== endpoint.name) ?? []
  return others.map((other) => (
    <span key={other.name}>
      {' · '}
      {other.environment}: <Link to={paths.endpoint(project, other.name)}>{other.name}</Link>
    </span>
  ))
}

/** What will happen is said before it is asked for; the reason is kept in the audit. */
function RollBack({ endpoint, close }: { endpoint: Endpoint; close: () => void }) {
  const queries = useQueryClient()
  const [reason, setReason] = useState('')
  const { canary, kept } = endpoint.traffic
  const back = useMutation({
    mutationFn: () => server.deployments.rollBack({ params: { endpoint: endpoint.name }, body: { reason } }),
    onSuccess: async (after) => {
      queries.setQueryData(ask('deployments', 'getEndpoint', { params: { endpoint: endpoint.name } }).queryKey, after)
      await queries.invalidateQueries()
      close()
    },
  })
  const previous = kept.length > 0 ? `v${Math.max(...kept)}` : 'the version before it'
  return (
    <form
      className="panel sure"
      onSubmit={(event) => {
        event.preventDefault()
        back.mutate()
      }}
    >
      <h2>
        {canary
          ? `End the canary: v${canary.version} gets no more traffic, the champion answers everything.`
          : `Withdraw v${endpoint.champion}: ${previous} answers from the next request on.`}
      </h2>
      <label>
        Reason
        {/* biome-ignore lint/a11y/noAutofocus: opened by the reader's own click, to write here. */}
        <input autoFocus required maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
      {back.isError && <InlineFailure error={back.error} />}
      <div className="buttons">
        <button type="submit" className="button danger" disabled={back.isPending || reason.trim() === ''}>
          {back.isPending ? 'Rolling back…' : 'Roll back now'}
        </button>
        <button type="button" className="button" onClick={close}>
          Keep it as it is
        </button>
      </div>
    </form>
  )
}
