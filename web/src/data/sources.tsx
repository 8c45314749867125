import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { SourceCard, SourceCheck } from '#data/contract'
import { Asked } from '../shell/asked.tsx'
import { Failure } from '../shell/failure.tsx'
import { bytes, count } from '../shell/numbers.ts'
import { Ago, Badge, Facts, PageHead, SameAs, Skeleton, State, type Tone } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, server } from '../shell/server.ts'
import { span } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { Uploads } from './uploads.tsx'
import './data.css'
import './sources.css'

/** Where the project's data comes from, as cards: is it there, how fresh, whose, under which terms. */
export function SourcesPage() {
  const { project = '' } = useParams()
  useTitle('Data sources', project)
  const query = useQuery(ask('data', 'listSources', { params: { project } }))
  return (
    <>
      <PageHead crumbs={[{ to: paths.data(project), text: 'Data' }]} title="Sources">
        What <code>data:</code> in <code>orrery.yaml</code> names, and what each source said when it was last asked: at
        most an hour ago, or now.
      </PageHead>
      <Asked query={query} skeleton={<Skeleton height={260} />}>
        {({ sources }) => (
          <ul className="source-cards">
            {sources.map((card) => (
              <li key={card.dataset}>
                <Card project={project} card={card} />
              </li>
            ))}
          </ul>
        )}
      </Asked>
      <SameAs api={`/api/projects/${project}/sources`} cli="orrery data sources --check" />
    </>
  )
}

const PLACES: Record<SourceCard['place'], string> = {
  files: 'files',
  url: 'URL',
  api: 'API',
  s3: 'bucket',
  postgres: 'PostgreSQL',
  mysql: 'MySQL',
  sqlite: 'SQLite',
  upload: 'uploads',
  predictions: 'prediction log',
}

function Card({ project, card }: { project: string; card: SourceCard }) {
  const queries = useQueryClient()
  const check = useMutation({
    mutationFn: () => server.data.checkSource({ params: { project, dataset: card.dataset } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['data', 'listSources'] }),
  })
  return (
    <section className="panel source-card" aria-label={card.dataset}>
      <header className="panel-head">
        <h2>{card.dataset}</h2>
        <Badge>{PLACES[card.place]}</Badge>
        {card.sensitivity && (
          <Badge tone={card.sensitivity === 'personal' || card.sensitivity === 'confidential' ? 'warn' : 'idle'}>
            {card.sensitivity}
          </Badge>
        )}
        <div className="aside">
          <button type="button" className="button" disabled={check.isPending} onClick={() => check.mutate()}>
            {check.isPending ? 'Asking…' : 'Check now'}
          </button>
        </div>
      </header>
      <p className="source-address" title={card.source}>
        <code>{card.source}</code>
      </p>
      <Checked check={card.check} place={card.place} />
      {card.check?.changedAt != null && card.freshWithin !== null && (
        <Freshness changedAt={card.check.changedAt} within={card.freshWithin} at={card.check.checkedAt} />
      )}
      {check.isError && <Failure error={check.error} again={() => check.mutate()} />}
      <Facts
        rows={[
          ['owner', card.owner ?? <Unsaid />],
          ['licence', card.licence ?? <Unsaid />],
          ['cost', card.cost ?? <Unsaid />],
          ['sensitivity', card.sensitivity ?? <Unsaid />],
          ['read', readWhen(card)],
          [
            'recipe',
            <Link key="recipe" to={`${paths.data(project)}?recipe=${card.dataset}`}>
              try one on its rows
            </Link>,
          ],
          card.latest !== null && [
            'newest version',
            <Link key="v" to={`${paths.data(project)}?version=${card.latest.version}`}>
              {card.latest.number}, {count(card.latest.rows)} rows
            </Link>,
          ],
        ]}
      />
      {card.place === 'upload' && <Uploads project={project} dataset={card.dataset} />}
    </section>
  )
}

const Unsaid = () => <span className="note">not said</span>

function readWhen({ pinned, poll, place }: SourceCard): string {
  if (pinned) return 'once: pinned by its sha256'
  if (poll !== null) return `every ${span(poll)}, and by runs`
  return place === 'upload' ? 'when a table is uploaded' : 'by runs that are asked for'
}

const TONES: Record<SourceCheck['state'], Tone> = { available: 'ok', stale: 'warn', failed: 'bad' }

function Checked({ check, place }: { check: SourceCheck | null; place: SourceCard['place'] }) {
  if (!check)
    return (
      <p className="source-state">
        <State tone="idle">not asked yet</State>
      </p>
    )
  const { state, message, hint, code, changedAt, bytes: size, checkedAt, tookMs } = check
  return (
    <div className="source-state">
      {/* Where nothing has come yet, nothing is broken. */}
      {code === 'ORRERY_DATA_TABLE_EMPTY' && (place === 'upload' || place === 'predictions') ? (
        <State tone="idle">nothing yet</State>
      ) : (
        <State tone={TONES[state]}>{state}</State>
      )}
      <span>
        {message}
        {size !== null && `, ${bytes(size)}`}
        {changedAt !== null && (
          <>
            , changed <Ago at={changedAt} />
          </>
        )}
      </span>
      {hint && (
        <p className="note">
          {hint.replaceAll('`', '')} {code && <code>{code}</code>}
        </p>
      )}
      <p className="note">
        asked <Ago at={checkedAt} />
        {tookMs > 0 && `, answered in ${count(tookMs)} ms`}
      </p>
    </div>
  )
}

/** How much of the time it may be old is over. */
function Freshness({ changedAt, within, at }: { changedAt: number; within: number; at: number }) {
  const share = Math.max(0, at - changedAt) / within
  const words = `${span(Math.max(0, at - changedAt))} of ${span(within)}`
  return (
    <div className="freshness">
      <div className="freshness-bar" role="img" aria-label={`Age: ${words}`}>
        <i className={share > 1 ? 'over' : ''} style={{ width: `${Math.min(100, share * 100)}%` }} />
      </div>
      <span className="note">{share > 1 ? `older than ${span(within)}` : `may be ${span(within)} old`}</span>
    </div>
  )
}
