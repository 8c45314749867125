import type { Server } from '../server.ts'

const PAGE = 500

/**
 * What the first version, left alone, would have answered: the prediction log keeps it beside every answer.
 *
 * @param rowOf the row a prediction id stands for
 * @returns one score a row, NaN where none was logged
 */
export async function referenceScores(
  server: Server,
  { endpoint, rows, rowOf }: { endpoint: string; rows: number; rowOf: (id: string) => number },
): Promise<Float64Array> {
  const scores = new Float64Array(rows).fill(Number.NaN)
  const { traffic } = await server.getEndpoint({ params: { endpoint } })
  const { reference } = traffic
  if (reference === null) return scores
  let cursor: string | undefined
  do {
    const page = await server.listPredictions({
      params: { endpoint },
      query: { limit: PAGE, ...(cursor !== undefined && { cursor }) },
    })
    for (const prediction of page.predictions) {
      const score = prediction.scores[reference]
      if (score !== undefined) scores[rowOf(prediction.id)] = score
    }
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return scores
}
