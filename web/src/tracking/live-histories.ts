import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import type { MetricPoint } from '#tracking/contract'
import { server } from '../shell/server.ts'
import { grown, type History } from './histories.ts'

/** As many as a curve shows on a wide screen. */
const POINTS = 600
const MOST_SERIES = 100
const REFRESH_MS = 2_000

/** Trainings that have gone on for long log rarely, or have ended without a word. */
const LONG_MS = 3_600_000
const REFRESH_LONG_MS = 10_000

/** How often a run that trains is asked for. */
export const refreshEvery = (startedAt: number) => (Date.now() - startedAt > LONG_MS ? REFRESH_LONG_MS : REFRESH_MS)

/**
 * The histories of some metrics of some runs, thinned by the server. While `live`, only what is new is asked for; when it
 * is no more, everything once again, since points may have come in late.
 *
 * @param every ms between two questions while it is live
 */
export function useHistories(
  series: readonly { run: string; metric: string }[],
  live: boolean,
  every = REFRESH_MS,
): ReadonlyMap<string, readonly MetricPoint[]> {
  const queries = useQueryClient()
  const key = ['histories', live, ...series.map(historyKey)]
  const options = queryOptions({
    queryKey: key,
    queryFn: async (): Promise<History[]> => {
      const before = queries.getQueryData<History[]>(key) ?? []
      const asked = series.map(({ run, metric }) => {
        const known = before.find((each) => each.run === run && each.metric === metric)
        const last = known && known.points.length < 2 * POINTS ? known.points.at(-1) : undefined
        return { run, metric, ...(last && { from: last.step }), known: last ? known : undefined }
      })
      const histories: History[] = []
      for (let from = 0; from < asked.length; from += MOST_SERIES) {
        const piece = asked.slice(from, from + MOST_SERIES)
        const reply = await server.tracking.readHistories({
          body: { points: POINTS, series: piece.map(({ known: _, ...each }) => each) },
        })
        histories.push(...reply.histories.map((history, i) => grown(piece[i]!.known, history)))
      }
      return histories
    },
    enabled: series.length > 0,
    refetchInterval: live ? every : false,
    placeholderData: keepPreviousData,
  })
  const { data } = useQuery(options)
  return new Map((data ?? []).map((history) => [historyKey(history), history.points]))
}

export const historyKey = ({ run, metric }: { run: string; metric: string }) => `${run} ${metric}`
