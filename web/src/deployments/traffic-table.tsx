import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Endpoint } from '#deployments/contract'
import { count, figure, milliseconds, percent } from '../shell/numbers.ts'
import { Badge, Mark, type Tone } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import './deployments.css'
import { partsOfAnswer, type Role } from './traffic.ts'

const ROLES: Record<Role, [word: string, tone: Tone]> = {
  champion: ['champion', 'ok'],
  committee: ['answers too', 'ok'],
  canary: ['canary', 'warn'],
  reference: ['left alone, in shadow', 'idle'],
  kept: ['ready to roll back to', 'idle'],
}

const RATE_EVERY_MS = 5000

/** Which version gives how much of the answers, and how it serves. */
export function TrafficTable({ endpoint }: { endpoint: Endpoint }) {
  const status = useQuery({
    ...ask('serving', 'servingStatus', { params: { endpoint: endpoint.name } }),
    // Requests come without an event that would tell of them.
    refetchInterval: RATE_EVERY_MS,
  })
  const parts = partsOfAnswer(endpoint.traffic)
  if (parts.length === 0) return <p className="note">No version answers yet; the first promoted one will.</p>
  return (
    <>
      <div className="scroll">
        <table className="traffic">
          <thead>
            <tr>
              <th>version</th>
              <th>part of the answers</th>
              <th>
                <span className="visually-hidden">as a bar</span>
              </th>
              <th className="n">served</th>
              <th className="n">failed</th>
              <th className="n">p50</th>
              <th className="n">p99</th>
            </tr>
          </thead>
          <tbody>
            {parts.map(({ version, role, part }) => {
              const [word, tone] = ROLES[role]
              const served = status.data?.versions.find((each) => each.version === version)
              return (
                <tr key={version} data-row className={role}>
                  <td>
                    <span className="state">
                      <Mark tone={tone} />
                      <Link to={paths.version(endpoint.project, endpoint.model, version)}>v{version}</Link>
                      <span className="note">{word}</span>
                    </span>
                  </td>
                  <td className="n part">{part > 0 ? percent(part) : '–'}</td>
                  <td className="bar-cell">
                    {part > 0 && (
                      <div className={`bar ${role}`}>
                        <i style={{ width: `${part * 100}%` }} />
                      </div>
                    )}
                  </td>
                  <td className="n">{served ? count(served.served) : '–'}</td>
                  <td className={served?.failed ? 'n bad' : 'n'}>{served ? count(served.failed) : '–'}</td>
                  <td className="n">{milliseconds(served?.p50Ms ?? null)}</td>
                  <td className="n">{milliseconds(served?.p99Ms ?? null)}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      {status.data && (
        <p className="note serving-line">
          {status.data.ready ? null : <Badge tone="warn">not ready</Badge>} {figure(status.data.requestsPerSecond)}{' '}
          requests/s · {count(status.data.predictions)} predictions, {count(status.data.labelled)} with their label
          {status.data.droppedLogRecords > 0 && (
            <b className="bad"> · {count(status.data.droppedLogRecords)} log records dropped</b>
          )}
        </p>
      )}
    </>
  )
}
