import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearchParams } from 'react-router'
import { Asked } from '../shell/asked.tsx'
import { count } from '../shell/numbers.ts'
import { Ago, Empty, PageHead, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { Standing } from './freshness.tsx'
import './features.css'

/** The feature views of a project: what each says of whom, who answers for it, and how fresh it is. */
export function FeaturesPage() {
  const { project = '' } = useParams()
  useTitle('Features', project)
  const views = useQuery(ask('features', 'listFeatureViews', { params: { project } }))
  const [search, setSearch] = useSearchParams()
  const sought = search.get('q') ?? ''
  return (
    <Asked query={views} skeleton={<Skeleton height={300} />}>
      {({ views: found }) => (
        <>
          <PageHead title="Features">
            Defined once: joined to training rows as they were known then, filled into requests as they are known now.
          </PageHead>
          {found.length === 0 ? (
            <Panel title="No feature views yet">
              <Empty title="Views stand here with their features and how fresh they are" command="orrery apply">
                Declare one under <code>features:</code> in <code>orrery.yaml</code>.
              </Empty>
            </Panel>
          ) : null}
          <input
            type="search"
            aria-label="Find a feature in all projects"
            placeholder="Find a feature in all projects: its name, key, owner or words"
            className="find-feature"
            value={sought}
            onChange={(event) => {
              // At once: what is typed meanwhile would be lost.
              setSearch(event.target.value ? { q: event.target.value } : {}, { replace: true, flushSync: true })
            }}
          />
          <div className="stack">
            {sought.trim() !== '' && <Found sought={sought} />}
            {found.length > 0 && (
              <Panel title="Views" note={`${count(found.length)} with ${count(featuresOf(found))} features`}>
                <div className="scroll">
                  <table>
                    <thead>
                      <tr>
                        <th>view</th>
                        <th>by</th>
                        <th>features</th>
                        <th>owner</th>
                        <th>online</th>
                        <th className="n">entities</th>
                        <th>followed the data</th>
                      </tr>
                    </thead>
                    <tbody>
                      {found.map((view) => (
                        <tr key={view.name} data-row>
                          <td>
                            <Link to={paths.feature(project, view.name)}>{view.name}</Link>{' '}
                            <span className="note">v{view.version}</span>
                            {view.description && <div className="note view-words">{view.description}</div>}
                          </td>
                          <td>{view.entities.join(', ')}</td>
                          <td className="feature-names">{view.columns.map(({ name }) => name).join(', ')}</td>
                          <td>{view.owner || <span className="note">nobody yet</span>}</td>
                          <td>
                            <Standing view={view} />
                          </td>
                          <td className="n">{view.state ? count(view.state.entities) : '–'}</td>
                          <td>{view.state?.materializedAt ? <Ago at={view.state.materializedAt} /> : '–'}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
              </Panel>
            )}
          </div>
          <SameAs api={`/api/projects/${project}/features`} cli={`orrery features list ${project}`} />
        </>
      )}
    </Asked>
  )
}

const featuresOf = (views: readonly { columns: readonly unknown[] }[]) =>
  views.reduce((sum, { columns }) => sum + columns.length, 0)

/** What fits, of all projects: somebody may have made it already. */
function Found({ sought }: { sought: string }) {
  const query = useQuery(ask('features', 'searchFeatures', { query: { q: sought, limit: 50 } }))
  return (
    <Asked query={query} skeleton={<Skeleton lines={3} />}>
      {({ found, features }) => (
        <Panel title="Found" note={`${count(found)} ${found === 1 ? 'feature' : 'features'} in all projects`}>
          {found === 0 ? (
            <p className="note">No feature has all of these words in its name, view, key, owner or description.</p>
          ) : (
            <div className="scroll">
              <table>
                <thead>
                  <tr>
                    <th>feature</th>
                    <th>view</th>
                    <th>project</th>
                    <th>by</th>
                    <th>owner</th>
                  </tr>
                </thead>
                <tbody>
                  {features.map((one) => (
                    <tr key={`${one.project} ${one.view} ${one.feature}`} data-row>
                      <td>
                        {one.feature} <span className="note">{one.type}</span>
                        {one.description && <div className="note">{one.description}</div>}
                      </td>
                      <td>
                        <Link to={paths.feature(one.project, one.view)}>{one.view}</Link>
                      </td>
                      <td>{one.project}</td>
                      <td>{one.entities.join(', ')}</td>
                      <td>{one.owner || <span className="note">nobody yet</span>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          <SameAs api={`/api/features?q=${encodeURIComponent(sought)}`} cli={`orrery features search ${sought}`} />
        </Panel>
      )}
    </Asked>
  )
}
