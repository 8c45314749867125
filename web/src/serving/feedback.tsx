import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Feedback, FeedbackSummary } from '#serving/contract'
import { Asked } from '../shell/asked.tsx'
import { InlineFailure } from '../shell/failure.tsx'
import { count, figure, percent, plural } from '../shell/numbers.ts'
import { Ago, Badge, Empty, Facts, Id, More, Panel, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, pagesOf, server } from '../shell/server.ts'
import { FeedbackOverTime } from './feedback-over-time.tsx'
import './feedback.css'

/** What people said of one answer, and a form to say more. */
export function FeedbackOfPrediction({ prediction, classes }: { prediction: string; classes: readonly string[] }) {
  const said = useQuery(ask('serving', 'feedbackOfPrediction', { params: { id: prediction } }))
  return (
    <Panel title="What people say" note="opinions: the truth is told by labels">
      <div className="feedback">
        <Asked query={said} skeleton={<Skeleton lines={3} />}>
          {({ feedback }) =>
            feedback.length === 0 ? (
              <Empty
                title="Nobody said anything of this answer"
                command={`orrery feedback give ${prediction} --rating up --comment "as expected"`}
              />
            ) : (
              <ul className="feedback-list">
                {feedback.map((one) => (
                  <Said key={one.id} said={one} />
                ))}
              </ul>
            )
          }
        </Asked>
        <Say prediction={prediction} classes={classes} />
      </div>
    </Panel>
  )
}

const RATINGS = [
  [1, 'bad'],
  [2, 'poor'],
  [3, 'fair'],
  [4, 'good'],
  [5, 'very good'],
] as const

function Say({ prediction, classes }: { prediction: string; classes: readonly string[] }) {
  const queries = useQueryClient()
  const [rating, setRating] = useState<number>()
  const give = useMutation({
    mutationFn: (said: { rating?: number; value?: string; comment?: string; tags?: string[] }) =>
      server.serving.feedback({ body: { feedback: [{ prediction, ...said }] } }),
    onSuccess: async ({ feedback }, _, __) => {
      if (feedback?.refused.length === 0) setRating(undefined)
      await queries.invalidateQueries({ queryKey: ['serving'] })
    },
  })
  const refused = give.data?.feedback?.refused[0]
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const written = (name: string) => String(new FormData(form).get(name) ?? '').trim()
    const tags = written('tags')
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== '')
    const { feedback } = await give.mutateAsync({
      ...(rating !== undefined && { rating }),
      ...(written('value') && { value: written('value') }),
      ...(written('comment') && { comment: written('comment') }),
      ...(tags.length > 0 && { tags }),
    })
    if (feedback?.refused.length === 0) form.reset()
  }
  return (
    <form className="feedback-form" onSubmit={(event) => submit(event).catch(() => {})}>
      <fieldset className="choice">
        <legend className="visually-hidden">How good is this answer?</legend>
        {RATINGS.map(([value, word]) => (
          <button
            key={value}
            type="button"
            aria-pressed={rating === value}
            title={word}
            onClick={() => setRating(rating === value ? undefined : value)}
          >
            {value} <span className={value === 1 || value === 5 ? undefined : 'visually-hidden'}>{word}</span>
          </button>
        ))}
      </fieldset>
      <label>
        It should have been
        <input name="value" maxLength={500} list="feedback-classes" autoComplete="off" />
      </label>
      <datalist id="feedback-classes">
        {classes.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <label>
        Comment
        <textarea name="comment" rows={2} maxLength={4000} />
      </label>
      <label>
        Tags, with commas between
        <input name="tags" maxLength={600} />
      </label>
      {give.isError && <InlineFailure error={give.error} />}
      {refused && (
        <p className="inline-failure" role="status">
          Not kept: {refused.reason}.
        </p>
      )}
      <button type="submit" className="button" disabled={give.isPending}>
        {give.isPending ? 'Sending…' : 'Say it'}
      </button>
    </form>
  )
}

function Said({ said, withPrediction = false }: { said: Feedback; withPrediction?: boolean }) {
  const { rating, value, agrees, comment, person, sender, tags, givenAt, prediction, replaced } = said
  return (
    <li data-row>
      <p className="feedback-head">
        <b>{person ?? sender ?? 'somebody'}</b>
        {rating !== null && (
          <Badge tone={rating <= 2 ? 'bad' : rating >= 4 ? 'ok' : 'idle'}>{Number(rating.toFixed(2))} of 5</Badge>
        )}
        {value !== null && (
          <span>
            would say <b className="mono">{value}</b>
          </span>
        )}
        {agrees !== null && <Badge tone={agrees ? 'ok' : 'warn'}>{agrees ? 'agrees' : 'disagrees'}</Badge>}
        <span className="note">
          <Ago at={givenAt} />
          {replaced > 0 && ', changed'}
        </span>
        {withPrediction && prediction !== null && <Id value={prediction} to={paths.trace(prediction)} />}
      </p>
      {comment !== null && <p className="feedback-comment">{comment}</p>}
      {tags.length > 0 && (
        <p className="feedback-tags">
          {tags.map((tag) => (
            <Badge key={tag}>{tag}</Badge>
          ))}
        </p>
      )}
    </li>
  )
}

/** What people said of an endpoint: how many, how satisfied, how often they would have answered otherwise, and what changed. */
export function FeedbackOfEndpoint({ endpoint }: { endpoint: string }) {
  const summary = useQuery(ask('serving', 'feedbackSummary', { params: { endpoint } }))
  return (
    <Asked query={summary} skeleton={<Skeleton lines={6} />}>
      {(found) =>
        found.count === 0 ? (
          <Empty
            title="Nobody said anything yet"
            command={`orrery feedback give --endpoint ${endpoint} --rating up --comment "works well"`}
          >
            Ratings, comments and corrections that people send to <code>POST /feedback</code> stand here, each with its
            answer.
          </Empty>
        ) : (
          <>
            <Figures summary={found} />
            <FeedbackOverTime periods={found.periods} />
            <List endpoint={endpoint} tags={found.tags.map(({ tag }) => tag)} />
          </>
        )
      }
    </Asked>
  )
}

function Figures({ summary }: { summary: FeedbackSummary }) {
  const { disagreeShare: share } = summary
  return (
    <Facts
      rows={[
        ['said', `${count(summary.count)} times of ${plural(summary.predictions, 'answer')}`],
        summary.people > 0 && ['people', count(summary.people)],
        summary.meanRating !== null && [
          'mean rating',
          `${figure(summary.meanRating)} of 5, ${plural(summary.rated, 'rating')}, ${percent(summary.low / summary.rated)} of them 2 or less`,
        ],
        share !== null && [
          'disagree',
          <span key="disagree">
            {percent(share.value)}{' '}
            <span className="note">
              {share.lower95 !== null &&
                share.upper95 !== null &&
                `${percent(share.lower95)} to ${percent(share.upper95)}, `}
              {count(summary.disagree)} of {count(summary.valued)} who said what it should have been
            </span>
          </span>,
        ],
      ]}
    />
  )
}

function List({ endpoint, tags }: { endpoint: string; tags: readonly string[] }) {
  const [search, setSearch] = useSearchParams()
  const disagrees = search.get('disagrees') === 'yes' ? 'yes' : undefined
  const tag = search.get('tag') ?? undefined
  const query = useInfiniteQuery(
    pagesOf('serving', 'listFeedback', { params: { endpoint }, query: { limit: 10, disagrees, tag } }),
  )
  const choose = (name: string, value: string | undefined) =>
    setSearch((before) => {
      const after = new URLSearchParams(before)
      if (value) after.set(name, value)
      else after.delete(name)
      return after
    })
  return (
    <>
      <div className="feedback-filter">
        <fieldset className="choice">
          <legend className="visually-hidden">Which feedback</legend>
          <button type="button" aria-pressed={!disagrees} onClick={() => choose('disagrees', undefined)}>
            all
          </button>
          <button type="button" aria-pressed={disagrees === 'yes'} onClick={() => choose('disagrees', 'yes')}>
            disagrees
          </button>
        </fieldset>
        {tags.length > 0 && (
          <select
            aria-label="With the tag"
            value={tag ?? ''}
            onChange={(event) => choose('tag', event.target.value || undefined)}
          >
            <option value="">any tag</option>
            {[...new Set([...tags, ...(tag ? [tag] : [])])].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        )}
      </div>
      {query.data ? (
        <ul className="feedback-list">
          {query.data.pages
            .flatMap((page) => page.feedback)
            .map((one) => (
              <Said key={one.id} said={one} withPrediction />
            ))}
        </ul>
      ) : (
        <Skeleton lines={4} />
      )}
      {query.data?.pages[0]?.feedback.length === 0 && <p className="note">None of these.</p>}
      <More query={query} />
    </>
  )
}
