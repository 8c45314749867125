import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'react-router'
import type { Endpoint } from '#deployments/contract'
import type { LoggedPrediction } from '#serving/contract'
import { Failure } from '../shell/failure.tsx'
import { figure, milliseconds } from '../shell/numbers.ts'
import { Empty, Id, More, newerBy, Skeleton, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { pagesOf } from '../shell/server.ts'
import { eventMinute } from '../shell/times.ts'
import { Failures } from './failures.tsx'

const NEWEST_EVERY_MS = 5000

const LABELLED = [
  ['all', ''],
  ['with label', 'yes'],
  ['label to come', 'no'],
  ['no answer', 'failed'],
] as const

const FILTERS = ['text', 'label', 'version', 'from', 'to'] as const
type Filter = (typeof FILTERS)[number]

/** The end of a day, which is written as its date and belongs to what is asked for. */
function dayAfter(day: string): string | undefined {
  const time = Date.parse(day)
  return Number.isNaN(time) ? undefined : new Date(time + 86_400_000).toISOString()
}

/** The prediction log, newest first; each answer leads to its whole past. */
export function Predictions({ endpoint }: { endpoint: Endpoint }) {
  const [search, setSearch] = useSearchParams()
  const chosen = LABELLED.find(([, value]) => value === search.get('labelled'))?.[1] || undefined
  const written = Object.fromEntries(FILTERS.map((name) => [name, search.get(name) ?? ''])) as Record<Filter, string>
  const { text, label, version, from, to } = written
  const failed = chosen === 'failed'
  const query = useInfiniteQuery({
    ...pagesOf('serving', 'listPredictions', {
      params: { endpoint: endpoint.name },
      query: {
        limit: 20,
        labelled: failed ? undefined : chosen,
        text: text || undefined,
        label: label || undefined,
        version: /^[1-9]\d*$/.test(version) ? Number(version) : undefined,
        from: from || undefined,
        to: dayAfter(to),
      },
    }),
    enabled: !failed,
    // Answers are too many for an event each. A reader who went on to older pages is not fetched all of them again.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) === 1 ? NEWEST_EVERY_MS : false),
  })
  return (
    <>
      <fieldset className="choice">
        <legend className="visually-hidden">Which predictions</legend>
        {LABELLED.map(([name, value]) => (
          <button
            key={name}
            type="button"
            aria-pressed={(chosen ?? '') === value}
            onClick={() =>
              setSearch((before) => {
                const after = new URLSearchParams(before)
                if (value) after.set('labelled', value)
                else after.delete('labelled')
                return after
              })
            }
          >
            {name}
          </button>
        ))}
      </fieldset>
      {!failed && (
        <form
          className="log-search"
          // What the address says is what is written here, also after going back.
          key={JSON.stringify(written)}
          onSubmit={(event) => {
            event.preventDefault()
            const form = new FormData(event.currentTarget)
            setSearch((before) => {
              const after = new URLSearchParams(before)
              for (const name of FILTERS) {
                const wanted = String(form.get(name) ?? '').trim()
                if (wanted) after.set(name, wanted)
                else after.delete(name)
              }
              return after
            })
          }}
        >
          <input
            type="search"
            name="text"
            defaultValue={text}
            aria-label="In the id, the inputs or the label"
            placeholder="id, input or label"
          />
          <label>
            answered
            <input name="label" size={10} defaultValue={label} placeholder="any label" />
          </label>
          <label>
            by version
            <input
              name="version"
              size={4}
              inputMode="numeric"
              pattern="[0-9]*"
              defaultValue={version}
              placeholder="any"
            />
          </label>
          <label>
            from
            <input type="date" name="from" defaultValue={from} />
          </label>
          <label>
            to
            <input type="date" name="to" defaultValue={to} />
          </label>
          <button type="submit" className="button">
            Find
          </button>
        </form>
      )}
      {failed ? (
        <Failures endpoint={endpoint.name} />
      ) : query.isError && !query.data ? (
        <Failure error={query.error} again={() => query.refetch()} />
      ) : query.data ? (
        <Found predictions={query.data.pages.flatMap((page) => page.predictions)} endpoint={endpoint.name} />
      ) : (
        <Skeleton lines={10} />
      )}
      {!failed && <More query={query} />}
    </>
  )
}

function Found({ predictions, endpoint }: { predictions: LoggedPrediction[]; endpoint: string }) {
  if (predictions.length === 0) {
    return (
      <Empty
        title="No prediction here"
        command={`curl -X POST ${location.origin}/predict/${endpoint} -H 'content-type: application/json' -d '{"records":[{}]}'`}
      >
        Every answer is logged with its inputs and version, and joined with its label when that arrives.
      </Empty>
    )
  }
  return (
    <Steady value={predictions} newerText={newerBy((one) => one.id, 'prediction')}>
      {(shown) => (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>prediction</th>
                <th>event time</th>
                <th className="n">answer</th>
                <th>version</th>
                <th>truth</th>
                <th className="n">took</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <tr key={one.id} data-row>
                  <td>
                    <Id value={one.id} to={paths.trace(one.id)} />
                  </td>
                  <td className="nowrap">{eventMinute(one.eventTime)}</td>
                  <td className="n">
                    {figure(one.value)}
                    {one.label !== null && ` ${one.label}`}
                  </td>
                  <td>
                    <Link to={paths.trace(one.id)} tabIndex={-1}>
                      v{one.version}
                    </Link>
                    {one.route === 'canary' && <span className="note"> canary</span>}
                  </td>
                  <td>{truthOf(one)}</td>
                  <td className="n">{milliseconds(one.latencyMs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Steady>
  )
}

function truthOf({ groundTruth, label }: LoggedPrediction) {
  if (!groundTruth) return <span className="note">to come</span>
  if (label === null) return <span className="mono">{groundTruth.label}</span>
  const right = groundTruth.label === label
  return (
    <span className="mono">
      {groundTruth.label} <span className={right ? 'note' : 'bad'}>{right ? 'right' : 'wrong'}</span>
    </span>
  )
}
