import { useInfiniteQuery } from '@tanstack/react-query'
import { Failure } from '../shell/failure.tsx'
import { count, milliseconds, plural } from '../shell/numbers.ts'
import { Ago, Empty, More, Skeleton } from '../shell/parts.tsx'
import { pagesOf } from '../shell/server.ts'

/** Requests that got an error instead of an answer, newest first. */
export function Failures({ endpoint }: { endpoint: string }) {
  const query = useInfiniteQuery(pagesOf('serving', 'listFailures', { params: { endpoint }, query: { limit: 20 } }))
  if (query.isError && !query.data) return <Failure error={query.error} again={() => query.refetch()} />
  if (!query.data) return <Skeleton lines={8} />
  const failures = query.data.pages.flatMap((page) => page.failures)
  const dropped = query.data.pages[0]!.dropped
  if (failures.length === 0)
    return (
      <Empty title="Every request got its answer">
        A request that did not fit, or failed, stands here with its error and its first records.
      </Empty>
    )
  return (
    <>
      {dropped > 0 && <p className="note">{count(dropped)} more came too fast to be written down.</p>}
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>when</th>
              <th>error</th>
              <th>request</th>
              <th className="n">took</th>
            </tr>
          </thead>
          <tbody>
            {failures.map((one) => (
              <tr key={`${one.receivedAt} ${one.requestId} ${one.message}`} data-row>
                <td className="nowrap">
                  <Ago at={one.receivedAt} />
                </td>
                <td>
                  <b className="bad">{one.status}</b> <code>{one.code}</code>
                  <p className="note">{one.message}</p>
                </td>
                <td>
                  <details>
                    <summary>
                      {plural(one.records, 'record')}
                      {one.requestId && <span className="mono"> {one.requestId}</span>}
                    </summary>
                    <pre className="log-inputs">{JSON.stringify(one.inputs, null, 1)}</pre>
                  </details>
                </td>
                <td className="n">{milliseconds(one.latencyMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More query={query} />
    </>
  )
}
