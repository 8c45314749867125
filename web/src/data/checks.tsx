import { useQuery } from '@tanstack/react-query'
import type { DataVersion, ExpectationResult, VersionChecks } from '#data/contract'
import { Asked } from '../shell/asked.tsx'
import { count } from '../shell/numbers.ts'
import { Empty, Mark, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { ask } from '../shell/server.ts'
import { SomeRows } from './changes.tsx'
import { ExpectationEditor } from './expectation-editor.tsx'
import { ResultList, toneOf } from './result-list.tsx'

/** How the expectations stand in this version, and stood in those before; and the rows that were set aside. */
export function ChecksView({ version }: { version: DataVersion }) {
  const { project, dataset } = version
  const checks = useQuery(ask('data', 'listChecks', { params: { project, dataset }, query: { limit: 20 } }))
  return (
    <div className="stack">
      {version.expectations.length === 0 ? (
        <Panel title="Expectations">
          <Empty
            title="Nothing is expected of this data"
            command={`orrery data suggest-expectations --only ${dataset}`}
          >
            Begin with what this version is like, or bring a suite of Great Expectations or a schema of Pandera with{' '}
            <code>orrery data import-expectations</code>.
          </Empty>
        </Panel>
      ) : (
        <>
          <Results results={version.expectations} />
          <Asked query={checks} skeleton={<Skeleton height={200} />}>
            {({ versions }) => <Over versions={versions} current={version} />}
          </Asked>
        </>
      )}
      {version.quarantine && <Quarantine version={version} />}
      <ExpectationEditor version={version} />
      <SameAs api={`/api/projects/${project}/datasets/${dataset}/checks`} cli="orrery data test" />
    </div>
  )
}

function Results({ results }: { results: readonly ExpectationResult[] }) {
  const hold = results.filter((one) => one.passed).length
  return (
    <Panel title="Expectations" note={`${hold} of ${results.length} hold`}>
      <ResultList results={results} />
    </Panel>
  )
}

/** One row for each expectation of this version, one column for each version, oldest first. */
function Over({ versions, current }: { versions: readonly VersionChecks[]; current: DataVersion }) {
  if (versions.length < 2) return null
  const ordered = versions.toReversed()
  const rows = [...new Set(current.expectations.map((one) => one.expectation))]
  return (
    <Panel title="Over versions" note={`the latest ${ordered.length}`}>
      <div className="scroll-x">
        <table className="checks-over">
          <thead>
            <tr>
              <th>expectation</th>
              {ordered.map((one) => (
                <th key={one.version} aria-current={one.version === current.id ? 'true' : undefined}>
                  {one.number}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((words) => (
              <tr key={words}>
                <th scope="row">{words}</th>
                {ordered.map((one) => {
                  const result = one.expectations.find((each) => each.expectation === words)
                  return (
                    <td
                      key={one.version}
                      title={result ? `version ${one.number}: ${result.observed}` : 'not expected then'}
                    >
                      {result ? <Mark tone={toneOf(result)} /> : <span className="note">·</span>}
                      {result && <span className="visually-hidden">{result.passed ? 'holds' : 'does not hold'}</span>}
                    </td>
                  )
                })}
              </tr>
            ))}
            <tr>
              <th scope="row" className="note">
                rows set aside
              </th>
              {ordered.map((one) => (
                <td key={one.version} className="note">
                  {one.quarantined > 0 ? count(one.quarantined) : '·'}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function Quarantine({ version }: { version: DataVersion }) {
  const found = useQuery(ask('data', 'listQuarantined', { params: { version: version.id }, query: { limit: 50 } }))
  return (
    <Asked query={found} skeleton={<Skeleton height={200} />}>
      {({ rows, columns, quarantined }) => (
        <SomeRows
          title={`Quarantine: ${count(rows)} ${rows === 1 ? 'row' : 'rows'} set aside`}
          columns={['row', 'because', ...columns]}
          rows={quarantined.map((one) => [count(one.row), one.reasons, ...one.cells])}
        />
      )}
    </Asked>
  )
}
