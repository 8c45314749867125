import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useParams } from 'react-router'
import type { Endpoint } from '#deployments/contract'
import { Asked } from '../shell/asked.tsx'
import { Empty, PageHead, Panel, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { TrafficTable } from './traffic-table.tsx'

/** The project's endpoints; where there is only one, that one. */
export function EndpointsPage() {
  return <OfEndpoints title="Endpoints" to={paths.endpoint} />
}

/** Where an endpoint must be chosen first: several are listed with their traffic, a single one is gone to. */
export function OfEndpoints({ title, to }: { title: string; to: (project: string, endpoint: string) => string }) {
  const { project = '' } = useParams()
  useTitle(title, project)
  // What the loop is about; the endpoint that versions are rehearsed on is reached from the one they go on to.
  const endpoints = useQuery(ask('loop', 'overview', { params: { project } }))
  return (
    <Asked query={endpoints} skeleton={<Skeleton height={300} />}>
      {({ endpoints: found }) =>
        found.length === 1 ? (
          <Navigate replace to={to(project, found[0]!.name)} />
        ) : (
          <>
            <PageHead title={title} />
            {found.length === 0 && (
              <Panel title="None yet">
                <Empty title="Endpoints stand here with their traffic" command="orrery run">
                  The first version that passes its gates is deployed to the endpoint that <code>deploy:</code> names in{' '}
                  <code>orrery.yaml</code>.
                </Empty>
              </Panel>
            )}
            <div className="grid">
              {found.map((endpoint: Endpoint) => (
                <Panel
                  key={endpoint.name}
                  title={<Link to={to(project, endpoint.name)}>{endpoint.name}</Link>}
                  note={endpoint.environment}
                  className="span-6"
                >
                  <TrafficTable endpoint={endpoint} />
                </Panel>
              ))}
            </div>
          </>
        )
      }
    </Asked>
  )
}
