import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { percent } from '../shell/numbers.ts'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'

/** The data sets a view is joined to, and what the models that learn from them say of its features. */
export function UsedBy({
  project,
  uses,
  columns,
}: {
  project: string
  uses: readonly { dataset: string; endpoints: readonly string[] }[]
  columns: readonly string[]
}) {
  if (uses.length === 0) return <p className="note">No data set names it under features: yet.</p>
  return (
    <>
      {uses.map(({ dataset, endpoints }) => (
        <div key={dataset} className="use">
          <p>
            Joined to <Link to={paths.data(project)}>{dataset}</Link>
            {endpoints.length === 0 && <span className="note">, which no model is trained on</span>}
          </p>
          {endpoints.map((endpoint) => (
            <ImportanceIn key={endpoint} project={project} endpoint={endpoint} columns={columns} />
          ))}
        </div>
      ))}
    </>
  )
}

function ImportanceIn({
  project,
  endpoint,
  columns,
}: {
  project: string
  endpoint: string
  columns: readonly string[]
}) {
  const found = useQuery(ask('deployments', 'getEndpoint', { params: { endpoint } }))
  const champion = found.data?.champion ?? null
  const model = found.data?.model ?? ''
  const version = useQuery({
    ...ask('registry', 'getVersion', { params: { model, version: champion ?? 0 } }),
    enabled: champion !== null,
  })
  if (champion === null) return <p className="note">{endpoint}: no version serves yet.</p>
  const shares = (version.data?.importance ?? []).filter(({ feature }) => columns.includes(feature))
  return (
    <p>
      <Link to={paths.version(project, model, champion)}>
        {model} v{champion}
      </Link>{' '}
      <span className="note">
        {shares.length === 0
          ? 'leans on none of them'
          : `leans on ${shares.map(({ feature, share }) => `${feature} ${percent(share)}`).join(', ')}`}
      </span>
    </p>
  )
}
