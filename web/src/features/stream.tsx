import { useQuery } from '@tanstack/react-query'
import type { StreamInfo } from '#features/contract'
import { Asked } from '../shell/asked.tsx'
import { count } from '../shell/numbers.ts'
import { Ago, Facts, Mark, Skeleton } from '../shell/parts.tsx'
import { ask } from '../shell/server.ts'

const SHOWN = 10

/** The stream that a view is fed from, and how far behind it this server is. */
export function Stream({ stream }: { stream: StreamInfo }) {
  const { server, name, subject, consumer, connected, lag, received, rejected, logged, lastMessageAt, error } = stream
  return (
    <>
      {error && (
        <p className="warning">
          <Mark tone={connected ? 'warn' : 'bad'} />
          <span>
            {error.message}{' '}
            <span className="note">
              <Ago at={error.at} />
            </span>
          </span>
        </p>
      )}
      <Facts
        rows={[
          ['connection', connected ? 'connected' : 'not connected'],
          ['messages behind', lag === null ? 'not known yet' : count(lag)],
          ['since the start', count(received)],
          rejected > 0 && ['set aside', count(rejected)],
          lastMessageAt !== null && ['last message', <Ago key="at" at={lastMessageAt} />],
          ['not in a data version yet', count(logged)],
          ['stream', `${name}${subject === null ? '' : `, ${subject}`}`],
          ['server', server],
          ['consumer', consumer],
        ]}
      />
    </>
  )
}

/** Messages that were no rows of the view, each with the reason. */
export function Rejected({ project, view }: { project: string; view: string }) {
  const query = useQuery(
    ask('features', 'listRejectedMessages', { params: { project, view }, query: { limit: SHOWN } }),
  )
  return (
    <Asked query={query} skeleton={<Skeleton lines={3} />}>
      {({ rejected, messages }) => (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>when</th>
                <th className="n">message</th>
                <th>why</th>
                <th>it says</th>
              </tr>
            </thead>
            <tbody>
              {messages.map(({ origin, seq, at, reason, body }) => (
                <tr key={`${origin} ${seq}`} data-row>
                  <td>
                    <Ago at={at} />
                  </td>
                  <td className="n">{seq}</td>
                  <td>{reason}</td>
                  <td>
                    <code className="expression">{body.slice(0, 200)}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {rejected > messages.length && (
            <p className="note">
              The last {messages.length} of {count(rejected)}.
            </p>
          )}
        </div>
      )}
    </Asked>
  )
}
