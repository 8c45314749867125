import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import pc from 'picocolors'
import type { Feedback, FeedbackReceipt } from '#serving/contract'
import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, GOOD, printJson } from '../output.ts'
import { type Server, type ServerOptions, serverFrom } from '../server.ts'
import { count, counted, percent } from '../wording.ts'

type Said = NonNullable<Parameters<Server['feedback']>[0]['body']['feedback']>[number]

/** Of one request. */
const MOST = 10_000

/** One person's word. */
export async function giveFeedback(
  prediction: string | undefined,
  options: ServerOptions & Omit<Said, 'rating' | 'prediction' | 'tags'> & { rating?: string; tag?: string[] },
): Promise<number> {
  const { endpoint, value, comment, person, id, time, tag } = options
  const said = {
    ...{ prediction, endpoint, value, comment, person, id, time, tags: tag },
    rating: options.rating === undefined ? undefined : ratingOf(options.rating),
  }
  const { server } = serverFrom(options)
  const { feedback } = await server.feedback({
    body: { feedback: [Object.fromEntries(Object.entries(said).filter(([, one]) => one !== undefined)) as Said] },
  })
  return told(feedback!, options)
}

function ratingOf(text: string): Said['rating'] {
  if (text === 'up' || text === 'down') return text
  const rating = Number(text)
  if (!(rating >= 1 && rating <= 5)) throw new WrongUse(`"${text}" is no rating`, 'Write up, down, or 1 to 5.')
  return rating
}

/** A file of it, however long, in pieces; a piece that was cut off can be sent again with the whole file. */
export async function sendFeedback(file: string, options: ServerOptions): Promise<number> {
  const { server } = serverFrom(options)
  const all: FeedbackReceipt = { kept: 0, repeated: 0, replaced: 0, waiting: [], refused: [] }
  let piece: Said[] = []
  let before = 0
  const send = async () => {
    if (piece.length === 0) return
    const { feedback } = await server.feedback({ body: { feedback: piece } })
    for (const part of ['kept', 'repeated', 'replaced'] as const) all[part] += feedback![part]
    all.waiting.push(...feedback!.waiting)
    all.refused.push(...feedback!.refused.map(({ index, reason }) => ({ index: index + before, reason })))
    before += piece.length
    piece = []
  }
  let line = 0
  for await (const text of createInterface({ input: file === '-' ? process.stdin : createReadStream(file) })) {
    line++
    if (text.trim() === '') continue
    try {
      piece.push(JSON.parse(text))
    } catch {
      throw new WrongUse(
        `line ${line} of ${file} is no JSON`,
        'Write one object a line, with the fields of POST /feedback.',
      )
    }
    if (piece.length === MOST) await send()
  }
  await send()
  return told(all, options)
}

function told(receipt: FeedbackReceipt, { json }: ServerOptions): number {
  const { kept, repeated, replaced, waiting, refused } = receipt
  if (json) printJson(receipt)
  else {
    console.log(`${GOOD} ${count(kept)} kept, ${count(repeated)} told before, ${count(replaced)} replaced`)
    if (waiting.length > 0)
      console.log(pc.dim(`  ${counted(waiting.length, 'prediction')} to come: what was said waits`))
    for (const { index, reason } of refused) console.log(`${BAD} the ${index + 1}. was not kept: ${reason}`)
  }
  return refused.length > 0 ? ANSWER_IS_NO : DONE
}

/** Figures and the latest words. */
export async function showFeedback(
  endpoint: string,
  options: ServerOptions & { disagrees?: boolean; tag?: string; limit: string },
): Promise<number> {
  const { server } = serverFrom(options)
  const params = { endpoint }
  const [summary, { feedback }] = await Promise.all([
    server.feedbackSummary({ params }),
    server.listFeedback({
      params,
      query: {
        limit: options.limit,
        ...(options.disagrees && { disagrees: 'yes' }),
        ...(options.tag && { tag: options.tag }),
      },
    }),
  ])
  if (options.json) {
    printJson({ summary, feedback })
    return DONE
  }
  const { disagreeShare: share } = summary
  console.log(
    [
      `${pc.bold(endpoint)}  ${counted(summary.count, 'piece')} of feedback of ${counted(summary.predictions, 'answer')}`,
      ...(summary.meanRating === null
        ? []
        : [
            `  rated    ${summary.meanRating.toFixed(2)} of 5 by ${count(summary.rated)}, ${count(summary.low)} of them 2 or less`,
          ]),
      ...(share === null
        ? []
        : [
            `  disagree ${percent(share.value)} (${percent(share.lower95!)} to ${percent(share.upper95!)}), ` +
              `${count(summary.disagree)} of ${count(summary.valued)}`,
          ]),
      ...summary.versions.map(
        (one) =>
          `  v${one.version}  ${counted(one.count, 'piece')}, ${count(one.disagree)} of ${count(one.valued)} disagree`,
      ),
    ].join('\n'),
  )
  for (const one of feedback) console.log(lineOf(one))
  return DONE
}

function lineOf({ givenAt, person, sender, rating, value, agrees, comment, tags, prediction }: Feedback): string {
  return [
    pc.dim(new Date(givenAt).toISOString().slice(0, 16).replace('T', ' ')),
    pc.bold(person ?? sender ?? 'somebody'),
    ...(rating === null ? [] : [`${rating}/5`]),
    ...(value === null ? [] : [`${agrees === false ? pc.yellow('would say') : 'says'} ${value}`]),
    ...(comment === null ? [] : [`“${comment.replaceAll(/\s+/g, ' ').slice(0, 100)}”`]),
    ...tags.map((tag) => pc.dim(`#${tag}`)),
    ...(prediction === null ? [] : [pc.dim(prediction)]),
  ].join('  ')
}
