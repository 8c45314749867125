import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { Certificate, CertificateReply, LoadMeasurement } from '#registry/contract'
import { DataUsed } from '../data/made-of.tsx'
import { Asked } from '../shell/asked.tsx'
import { bytes, count, figure, milliseconds, percent } from '../shell/numbers.ts'
import { Empty, Facts, Id, Mark, PageHead, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { exactly } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { Because } from '../tracking/cause.tsx'
import { CertifyPanel } from './certify.tsx'
import './registry.css'
import { Fairness, MetricTable, Robustness, Segments } from './report.tsx'

/** One report, as it is signed: to be read from top to bottom, on paper, too. */
export function CertificatePage() {
  const { project = '', model = '', version = '' } = useParams()
  const params = { model, version: Number(version) }
  useTitle(`Report of ${model} v${version}`, project)
  const found = useQuery(ask('registry', 'getCertificate', { params }))
  return (
    <Asked query={found} skeleton={<Skeleton height={500} />}>
      {(reply) => <Report reply={reply} project={project} />}
    </Asked>
  )
}

function Report({ reply, project }: { reply: CertificateReply; project: string }) {
  const { certificate, hash } = reply
  const { model, version, report, comparison } = certificate
  const params = { model, version }
  const current = useQuery(ask('registry', 'getVersion', { params }))
  const rival = useQuery({
    ...ask('registry', 'getVersion', { params: { model, version: comparison?.version ?? 0 } }),
    enabled: comparison !== null,
  })
  return (
    <article className="certificate">
      <PageHead
        crumbs={[
          { to: paths.model(project, model), text: model },
          { to: paths.version(project, model, version), text: `v${version}` },
        ]}
        title={`Certification report: ${model} v${version}`}
        actions={
          <button type="button" className="button no-print" onClick={() => window.print()}>
            Print
          </button>
        }
      >
        registered {exactly(certificate.registered.at)} by {certificate.registered.by} ·{' '}
        <Because cause={certificate.registered.cause} project={project} />
      </PageHead>
      <div className="grid">
        <Panel title="Risks" note="what to know before signing" className="span-7 stretch">
          <ul className="warnings">
            {certificate.risks.length === 0 && (
              <li>
                <Mark tone="ok" />
                None was found by the rules of this report.
              </li>
            )}
            {certificate.risks.map((risk) => (
              <li key={risk}>
                <Mark tone="warn" />
                {risk}
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="What it is" className="span-5 stretch">
          <What certificate={certificate} project={project} />
        </Panel>
        {report && (
          <Panel title="Metrics" note={`${count(report.n)} held-back rows, 95 % intervals`}>
            <MetricTable
              report={report}
              other={rival.data?.report ?? null}
              otherName={comparison ? `v${comparison.version}` : ''}
            />
          </Panel>
        )}
        {comparison && (
          <Panel title={`Against v${comparison.version}`} note="on rows that neither was trained on">
            <p>{comparison.explanation}</p>
          </Panel>
        )}
        {report?.segments && (
          <Panel title="Segments" className="span-7 stretch">
            <Segments report={report} />
          </Panel>
        )}
        <Panel title="What its answers rest on" className="span-5 stretch">
          <Importance certificate={certificate} />
        </Panel>
        {report && report.fairness.length > 0 && (
          <Panel title="Fairness" className="span-6 stretch">
            <Fairness reports={report.fairness} />
          </Panel>
        )}
        {report?.robustness && (
          <Panel title="Robustness" className="span-6 stretch">
            <Robustness report={report.robustness} />
          </Panel>
        )}
        <Panel title="Gates" className="span-6 stretch">
          <Verdicts
            found={certificate.gates.map(({ condition, ...gate }) => ({ name: condition, ...gate }))}
            none="This project has no gates."
          />
        </Panel>
        <Panel title="Checks in staging" className="span-6 stretch">
          <Verdicts found={certificate.staging?.checks ?? []} none="It has not been checked in staging yet." />
          {certificate.staging?.load && (
            <Load load={certificate.staging.load} champion={certificate.staging.championLoad} />
          )}
        </Panel>
        <Panel title="Where it comes from" className="span-7 stretch">
          <Lineage certificate={certificate} project={project} />
        </Panel>
        <div className="span-5 stack">
          <Panel title="Signatures">
            <Signatures reply={reply} />
          </Panel>
          <div className="no-print">{current.data && <CertifyPanel version={current.data} report={hash} />}</div>
        </div>
      </div>
      <p className="note hash">
        A signature covers the SHA-256 of this report: <code>{hash}</code>
      </p>
      <SameAs
        api={`/api/models/${model}/versions/${version}/certificate`}
        cli={`orrery certify ${model}@${version} --report ${hash.slice(0, 12)}…`}
      />
    </article>
  )
}

function What({ certificate, project }: { certificate: Certificate; project: string }) {
  const { signature, package: onnx, endpoint } = certificate
  return (
    <Facts
      rows={[
        [
          'answers',
          `${signature.label} (${signature.task}${signature.classes.length > 0 ? `: ${signature.classes.join(', ')}` : ''})`,
        ],
        ['from', `${count(signature.features.length)} features`],
        endpoint !== null && [
          'for',
          <Link key="endpoint" to={paths.endpoint(project, endpoint)}>
            {endpoint}
          </Link>,
        ],
        ['package', <Id key="hash" value={onnx.hash} tail={false} chars={12} />],
        ['size', bytes(onnx.size)],
        ['parity with the trainer', `${figure(onnx.parity.maxAbsDifference)} on ${count(onnx.parity.rows)} rows`],
      ]}
    />
  )
}

const MOST_FEATURES = 10

function Importance({ certificate }: { certificate: Certificate }) {
  const shown = [...certificate.importance].sort((a, b) => b.share - a.share).slice(0, MOST_FEATURES)
  if (shown.length === 0) return <p className="note">Nothing was measured.</p>
  return (
    <ul className="importance">
      {shown.map(({ feature, share }) => (
        <li key={feature}>
          <span className="mono">{feature}</span>
          <span className="bar" aria-hidden="true">
            <i style={{ width: `${(share / (shown[0]!.share || 1)) * 100}%` }} />
          </span>
          <span className="mono">{percent(share)}</span>
        </li>
      ))}
    </ul>
  )
}

function Verdicts({
  found,
  none,
}: {
  found: readonly { name: string; passed: boolean; pending?: boolean | undefined; explanation: string }[]
  none: string
}) {
  if (found.length === 0) return <p className="note">{none}</p>
  return (
    <ul className="gates">
      {found.map(({ name, passed, pending, explanation }) => (
        <li key={name}>
          <Mark tone={passed ? 'ok' : pending ? 'idle' : 'bad'} />
          <div>
            <code>{name}</code>
            <p className="note">
              {passed ? 'passed' : pending ? 'waits' : <b className="bad">not passed</b>}: {explanation}
            </p>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Load({ load, champion }: { load: LoadMeasurement; champion: LoadMeasurement | null }) {
  return (
    <table>
      <thead>
        <tr>
          <th>at {count(load.rate)} requests a second</th>
          <th className="n">p50</th>
          <th className="n">p99</th>
          <th className="n">failed</th>
          <th className="n">memory</th>
        </tr>
      </thead>
      <tbody>
        {(
          [
            ['this version', load],
            ['champion', champion],
          ] as const
        ).map(
          ([name, one]) =>
            one && (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className="n">{milliseconds(one.latency.p50)}</td>
                <td className="n">{milliseconds(one.latency.p99)}</td>
                <td className={one.failed > 0 ? 'n bad' : 'n'}>{count(one.failed)}</td>
                <td className="n">{bytes(one.memory)}</td>
              </tr>
            ),
        )}
      </tbody>
    </table>
  )
}

function Lineage({ certificate, project }: { certificate: Certificate; project: string }) {
  const { run, pipelineRun, dataVersion, trainedUntil, code, environment, source } = certificate.lineage
  return (
    <Facts
      rows={[
        pipelineRun !== null && ['run', <Id key="run" value={pipelineRun} to={paths.run(project, pipelineRun)} />],
        run !== null && ['winning trial', <Id key="trial" value={run} to={paths.trial(project, run)} />],
        ['source', <code key="source">{source}</code>],
        dataVersion !== null && ['data', <DataUsed key="data" project={project} version={dataVersion} />],
        trainedUntil !== null && ['trained on rows until', exactly(trainedUntil)],
        code !== null && [
          'code',
          `${code.commit?.slice(0, 10) ?? code.contentHash.slice(0, 16)}${code.dirty ? ', with uncommitted changes' : ''}`,
        ],
        Object.keys(environment).length > 0 && [
          'environment',
          Object.entries(environment)
            .map(([name, one]) => `${name} ${one}`)
            .join(', '),
        ],
      ]}
    />
  )
}

function Signatures({ reply }: { reply: CertificateReply }) {
  const { signatures, missing } = reply
  if (signatures.length === 0 && missing.length === 0)
    return <Empty title="Nobody has signed">Its environment asks for no signature, or none has been given yet.</Empty>
  return (
    <ul className="signatures">
      {signatures.map((one) => (
        <li key={`${one.by} ${one.at}`}>
          <Mark tone={one.covers ? 'ok' : 'warn'} />
          <div>
            <b>{one.by}</b> as {one.role}, {exactly(one.at)}
            {one.automatic && ' (by a rule)'}
            {!one.covers && <p className="note">of an earlier report: something was found since</p>}
            {one.note !== '' && <p className="note">{one.note}</p>}
          </div>
        </li>
      ))}
      {missing.map((role, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same role may be missing twice.
        <li key={`${role} ${i}`}>
          <Mark tone="idle" />
          <div className="note">missing: {role}</div>
        </li>
      ))}
    </ul>
  )
}
