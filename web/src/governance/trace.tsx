import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import type { Trace } from '#governance/contract'
import { Contributions } from '../charts/contributions.tsx'
import { FeedbackOfPrediction } from '../serving/feedback.tsx'
import { Asked } from '../shell/asked.tsx'
import { count, figure, milliseconds, percent } from '../shell/numbers.ts'
import { Ago, Badge, Facts, Id, Mark, PageHead, Panel, SameAs, Skeleton, type Tone } from '../shell/parts.tsx'
import { GraphPicture, graphOf } from '../registry/graph.tsx'
import '../serving/serving.css'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { eventMinute, span } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { fetchWithToken } from '../shell/token.ts'
import { Because } from '../tracking/cause.tsx'
import { Code } from '../tracking/run.tsx'
import './governance.css'

type TracedVersion = Trace['versions'][number]

/** One answer's past: from the prediction to versions, runs, code, data, signatures and the alert behind them. */
export function TracePage() {
  const { prediction = '' } = useParams()
  useTitle(`Trace ${prediction}`)
  const trace = useQuery(ask('governance', 'trace', { params: { prediction } }))
  const endpoint = trace.data?.prediction.endpoint
  const project = useQuery({
    ...ask('deployments', 'getEndpoint', { params: { endpoint: endpoint ?? '' } }),
    enabled: endpoint !== undefined,
  }).data?.project
  return (
    <>
      <PageHead title="One answer’s past" actions={<Lookup />}>
        From a prediction’s id to everything that made it.
      </PageHead>
      <Asked query={trace} skeleton={<Skeleton height={420} />}>
        {(found) => <Past trace={found} project={project ?? ''} />}
      </Asked>
    </>
  )
}

function Lookup() {
  const navigate = useNavigate()
  const [id, setId] = useState('')
  return (
    <form
      className="lookup"
      onSubmit={(event) => {
        event.preventDefault()
        if (id.trim()) navigate(paths.trace(id.trim()))
      }}
    >
      <input
        aria-label="Prediction id"
        placeholder="another prediction id"
        value={id}
        onChange={(event) => setId(event.target.value)}
      />
      <button type="submit" className="button">
        Trace
      </button>
    </form>
  )
}

function Past({ trace, project }: { trace: Trace; project: string }) {
  const { prediction, versions, explanation, picture } = trace
  const [heaviest] = versions
  return (
    <>
      <div className="grid">
        <Panel title="The answer" className="span-4 stretch">
          <p className="answer-value">
            {figure(prediction.value)} {prediction.label !== null && <span>{prediction.label}</span>}
          </p>
          <Facts
            rows={[
              ['prediction', <Id key="id" value={prediction.id} chars={14} />],
              ['truth', <Truth key="truth" prediction={prediction} />],
              ['event time', eventMinute(prediction.eventTime)],
              ['answered', <Ago key="at" at={prediction.receivedAt} />],
              ['took', milliseconds(prediction.latencyMs)],
              [
                'endpoint',
                <Link key="endpoint" to={paths.endpoint(project, prediction.endpoint)}>
                  {prediction.endpoint}
                </Link>,
              ],
              ['route', prediction.route],
            ]}
          />
        </Panel>
        <Panel
          title={`Why ${figure(prediction.value)}?`}
          note={picture ? 'which part of the picture made the answer' : explanation?.method}
          className="span-8 stretch"
        >
          {picture ? (
            <Picture picture={picture} label={prediction.label} />
          ) : explanation ? (
            <Contributions contributions={explanation.contributions} />
          ) : (
            <Inputs prediction={prediction} />
          )}
        </Panel>
        <Panel
          title="How it came to be"
          note={versions.length > 1 ? `${versions.length} versions answered together, the heaviest first` : undefined}
        >
          <ul className="tree root">
            <li>
              <div className="leaf">
                <Mark tone="ok" />
                <b>prediction</b> <Id value={prediction.id} /> <span className="note">{figure(prediction.value)}</span>
              </div>
              <ul className="tree">
                {versions.map((version, i) => (
                  <VersionBranch
                    key={`${version.model} ${version.version}`}
                    version={version}
                    alone={prediction.scores[String(version.version)] ?? null}
                    project={project}
                    open={i === 0}
                  />
                ))}
              </ul>
            </li>
          </ul>
        </Panel>
        {heaviest?.package.format === 'graph' && (
          <Composed version={heaviest} prediction={prediction} project={project} />
        )}
        <FeedbackOfPrediction
          prediction={prediction.id}
          classes={[prediction.label, prediction.groundTruth?.label].filter((one) => one != null)}
        />
        {(explanation || picture) && (
          <Panel title={picture ? 'What was measured of it' : 'What it was asked'}>
            <Inputs prediction={prediction} />
          </Panel>
        )}
      </div>
      <SameAs api={`/api/trace/${prediction.id}`} cli={`orrery trace ${prediction.id}`} />
    </>
  )
}

/** The way of one record through a composed model: who was asked, and what each said. */
function Composed({
  version: { model, version },
  prediction,
  project,
}: {
  version: TracedVersion
  prediction: Trace['prediction']
  project: string
}) {
  const found = useQuery(ask('registry', 'getVersion', { params: { model, version } }))
  const graph = found.data && graphOf(found.data)
  if (!graph) return null
  const own = `${version}:`
  const said = Object.fromEntries(
    Object.entries(prediction.scores).flatMap(([name, score]) =>
      name.startsWith(own) ? [[name.slice(own.length), score]] : [],
    ),
  )
  return (
    <Panel title="Who was asked" note={`${model} v${version} is composed of versions that answer together`}>
      <GraphPicture graph={graph} project={project} said={said} />
    </Panel>
  )
}

/** What the model saw, and what of it the answer rests on. */
function Picture({ picture, label }: { picture: NonNullable<Trace['picture']>; label: string | null }) {
  return (
    <div className="pictures">
      <figure>
        <Fetched address={picture.plain} alt="what the model saw" />
        <figcaption>What the model saw</figcaption>
      </figure>
      <figure>
        <Fetched address={picture.explained} alt={`the parts of it that speak for ${label ?? 'the answer'}`} />
        <figcaption>
          <i className="swatch for" /> covered, it looks less like <b>{label ?? 'this'}</b>;{' '}
          <i className="swatch against" /> more
        </figcaption>
      </figure>
    </div>
  )
}

/** An `img` asks by itself, without the token of this browser. */
function Fetched({ address, alt }: { address: string; alt: string }) {
  const { data, isError } = useQuery({
    queryKey: ['picture', address],
    queryFn: async () => {
      const reply = await fetchWithToken(address)
      if (!reply.ok) throw new Error(`${reply.status}`)
      return reply.blob()
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (!data) return
    const made = URL.createObjectURL(data)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [data])
  if (isError) return <p className="note">The picture cannot be shown just now.</p>
  return url === undefined ? <Skeleton height={288} /> : <img src={url} alt={alt} width={288} />
}

function Truth({ prediction }: { prediction: Trace['prediction'] }) {
  const { groundTruth, label } = prediction
  if (!groundTruth) return <span className="note">to come</span>
  if (label === null) return groundTruth.label
  return (
    <>
      {groundTruth.label}{' '}
      <Badge tone={groundTruth.label === label ? 'ok' : 'bad'}>{groundTruth.label === label ? 'right' : 'wrong'}</Badge>
    </>
  )
}

function Inputs({ prediction }: { prediction: Trace['prediction'] }) {
  return (
    <dl className="inputs">
      {Object.entries(prediction.inputs).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono">{value === null ? <span className="note">missing</span> : String(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

function VersionBranch({
  version,
  alone,
  project,
  open,
}: {
  version: TracedVersion
  /** What this version alone would have said. */
  alone: number | null
  project: string
  open: boolean
}) {
  const [shown, setShown] = useState(open)
  const passed = version.gates.filter((gate) => gate.passed).length
  return (
    <li>
      <div className="leaf" data-row>
        <button type="button" className="fold" aria-expanded={shown} onClick={() => setShown(!shown)}>
          <span className="visually-hidden">{shown ? 'Fold' : 'Unfold'} the past of </span>
          <b>
            {version.model} v{version.version}
          </b>
        </button>
        <Link to={paths.version(project, version.model, version.version)}>report</Link>
        {version.weight !== null && (
          <span className="weight" title="its part of this answer">
            <i style={{ width: `${version.weight * 64}px` }} />
            {percent(version.weight)}
          </span>
        )}
        {alone !== null && <span className="note">alone {figure(alone)}</span>}
        <span className="note">
          {version.package.format} <Id value={version.package.hash} tail={false} />
        </span>
      </div>
      {shown && (
        <ul className="tree">
          <Leaf tone="ok" name="promoted">
            {version.promotedAt === null ? (
              <span className="note">not promoted (yet)</span>
            ) : (
              <>
                <Ago at={version.promotedAt} />
                {version.rollout && (
                  <>
                    {' by roll-out '}
                    <Id value={version.rollout} />
                  </>
                )}
              </>
            )}
          </Leaf>
          <Leaf tone={version.certification ? 'ok' : 'idle'} name="certified">
            {version.certification ? (
              <>
                by {version.certification.by}, <Ago at={version.certification.at} />{' '}
                {version.certification.automatic && <Badge>automatically</Badge>}{' '}
                {version.certification.note && <span className="note">“{version.certification.note}”</span>}
              </>
            ) : (
              <span className="note">nobody signed</span>
            )}
          </Leaf>
          <Leaf tone={passed === version.gates.length ? 'ok' : 'bad'} name="gates">
            {passed} of {version.gates.length} passed
            <details className="inline">
              <summary className="note">which</summary>
              <ul>
                {version.gates.map((gate) => (
                  <li key={gate.condition}>
                    <Mark tone={gate.passed ? 'ok' : 'bad'} /> <code>{gate.condition}</code>{' '}
                    <span className="note">{gate.explanation}</span>
                  </li>
                ))}
              </ul>
            </details>
          </Leaf>
          {version.run && <RunLeaf run={version.run} pipelineRun={version.pipelineRun} project={project} />}
          {version.code && (
            <Leaf tone={version.code.dirty ? 'warn' : 'ok'} name="code">
              <Code code={version.code} />
            </Leaf>
          )}
          {version.data && (
            <Leaf tone="ok" name="data">
              <Link to={`${paths.data(project)}?version=${version.data.id}`}>
                {version.data.dataset} {version.data.number}
              </Link>
              , {count(version.data.rows)} rows
              {version.data.until === null ? '' : ` until ${eventMinute(version.data.until)}`}{' '}
              {version.data.tables.map(({ id, dataset, number }, i) => (
                <span key={id}>
                  {i === 0 ? 'made with ' : ', '}
                  <Link to={`${paths.data(project)}?version=${id}`}>
                    {dataset} {number}
                  </Link>{' '}
                </span>
              ))}
              <span className="note">{version.data.source}</span> <Id value={version.data.contentHash} tail={false} />
            </Leaf>
          )}
          <Leaf tone="ok" name="environment">
            <span className="mono">
              {Object.entries(version.environment)
                .map(([name, of]) => `${name} ${of}`)
                .join(' · ')}
            </span>
          </Leaf>
          <Leaf tone={version.alert ? 'warn' : 'ok'} name="because">
            {version.alert ? (
              <>
                alert <Link to={paths.alert(project, version.alert.id)}>{version.alert.title}</Link>{' '}
                <span className="note">
                  {version.alert.features
                    .map((move) => `${move.feature} ${move.change} (PSI ${figure(move.psi)})`)
                    .join(' · ')}
                </span>
              </>
            ) : (
              <Because cause={version.cause} project={project} />
            )}
          </Leaf>
        </ul>
      )}
    </li>
  )
}

function RunLeaf({
  run,
  pipelineRun,
  project,
}: {
  run: NonNullable<TracedVersion['run']>
  pipelineRun: TracedVersion['pipelineRun']
  project: string
}) {
  return (
    <Leaf tone="ok" name="run">
      {pipelineRun && (
        <>
          <Link to={paths.run(project, pipelineRun.id)}>{pipelineRun.name}</Link>, trial{' '}
        </>
      )}
      <Link to={paths.trial(project, run.id)}>{run.name}</Link>
      {run.seconds !== null && <span className="note"> {span(run.seconds * 1000)}</span>}
      <span className="note mono run-params">
        {' '}
        {Object.entries(run.params)
          .slice(0, 6)
          .map(([name, value]) => `${name}=${value}`)
          .join(' ')}
      </span>
    </Leaf>
  )
}

function Leaf({ tone, name, children }: { tone: Tone; name: string; children: ReactNode }) {
  return (
    <li>
      <div className="leaf">
        <Mark tone={tone} />
        <span className="leaf-name">{name}</span>
        <span className="leaf-text">{children}</span>
      </div>
    </li>
  )
}
