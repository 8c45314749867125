import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Packaging } from '#packaging/contract'
import { isPackaged, type ModelVersion } from '#registry/contract'
import { InlineFailure } from '../shell/failure.tsx'
import { count } from '../shell/numbers.ts'
import { Ago, Facts, Panel, Skeleton, State } from '../shell/parts.tsx'
import { ask, server } from '../shell/server.ts'

/** The live stream tells facts of projects; a version may belong to none, so it is asked for while it is under way. */
const LOOK_EVERY_MS = 1_000

const isUnderWay = (packaging: Packaging | undefined) => packaging?.state === 'queued' || packaging?.state === 'running'

/** How a version that training code registered becomes servable, or why it does not. */
export function PackagingPanel({ version }: { version: ModelVersion }) {
  const queries = useQueryClient()
  const params = { model: version.model, version: version.version }
  const packaging = useQuery({
    ...ask('packaging', 'getPackaging', { params }),
    refetchInterval: ({ state }) => (isUnderWay(state.data) ? LOOK_EVERY_MS : false),
  })
  const start = useMutation({
    mutationFn: () => server.packaging.packageVersion({ params, body: {} }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['packaging'] }),
  })
  // The package itself is the version's: asked for anew once it is there.
  useQuery({
    ...ask('registry', 'getVersion', { params }),
    enabled: packaging.data?.state === 'succeeded' && !isPackaged(version),
    refetchOnMount: 'always',
  })
  const { data } = packaging
  const underWay = isUnderWay(data)
  return (
    <Panel title={isPackaged(version) ? 'Packaged, not judged' : 'Not servable yet'}>
      <p>
        {isPackaged(version)
          ? 'Training code registered this version. It is packaged and can be deployed; no rows of a project have judged it.'
          : 'Training code registered this version, as it logged the model. It can be loaded by name; to be served it becomes an ONNX package whose answers are compared with the model’s own.'}
      </p>
      {packaging.isError ? (
        <InlineFailure error={packaging.error} />
      ) : !data ? (
        <Skeleton lines={2} />
      ) : (
        <Progress packaging={data} />
      )}
      {data && !isPackaged(version) && (
        <p className="buttons">
          <button
            type="button"
            className="button go"
            disabled={underWay || start.isPending}
            onClick={() => start.mutate()}
          >
            {underWay ? 'Packaging…' : data.state === 'failed' ? 'Try again' : 'Package it'}
          </button>
        </p>
      )}
      {start.isError && <InlineFailure error={start.error} />}
    </Panel>
  )
}

function Progress({ packaging }: { packaging: Packaging }) {
  const { state, error, outcome, progress, by, finishedAt } = packaging
  if (state === 'none') return null
  if (error)
    return (
      <p className="inline-failure" role="status">
        <b>{error.code}</b> {error.message} <span className="note">{error.hint}</span>
      </p>
    )
  return (
    <Facts
      rows={[
        [
          'packaging',
          <State key="state" tone={state === 'succeeded' ? 'ok' : 'busy'}>
            {progress ?? state}
          </State>,
        ],
        by !== null && ['asked for by', by],
        finishedAt !== null && ['ended', <Ago key="ended" at={finishedAt} />],
        outcome !== null && ['flavor', outcome.estimator ? `${outcome.flavor}, ${outcome.estimator}` : outcome.flavor],
        outcome !== null && [
          'parity',
          outcome.parity
            ? `largest difference ${outcome.parity.maxAbsDifference.toExponential(1)} on ${count(outcome.parity.rows)} rows`
            : 'taken as it is',
        ],
        outcome !== null && ['judged', outcome.judged],
      ]}
    />
  )
}
