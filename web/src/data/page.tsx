import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearchParams } from 'react-router'
import type { DataVersion, DataVersionSummary, SourceDescriptor, SplitDescriptor } from '#data/contract'
import { Asked } from '../shell/asked.tsx'
import { Failure } from '../shell/failure.tsx'
import { bytes, count, percent } from '../shell/numbers.ts'
import { Ago, Badge, Empty, Facts, Id, Mark, More, PageHead, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, pagesOf } from '../shell/server.ts'
import { eventDay, eventMinute } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { ChangesView } from './changes.tsx'
import { ChecksView } from './checks.tsx'
import { Columns } from './columns.tsx'
import { FileDatasets } from './files.tsx'
import { MadeOf } from './made-of.tsx'
import { PicturesView } from './pictures.tsx'
import { Depth } from './relations.tsx'
import { RecipeView } from './recipe.tsx'
import { ScorecardView } from './scorecard.tsx'
import { useView, Views } from './views.tsx'
import './data.css'

/** The datasets, their versions, and the profile of the version that is chosen (`?version=`). */
export function DataPage() {
  const { project = '' } = useParams()
  const [search] = useSearchParams()
  useTitle('Data', project)
  const datasets = useQuery(ask('data', 'listDatasets', { params: { project } }))
  const asked = search.get('version')
  const files = search.get('files')
  // A recipe can be tried before there is any version.
  const recipe = search.get('recipe')
  return (
    <Asked query={datasets} skeleton={<Skeleton height={400} />}>
      {({ datasets: found }) => {
        const chosen = asked ?? found.find((each) => each.latest)?.latest?.id ?? null
        return (
          <>
            <PageHead title="Data">
              Versions are named by their content: equal tables are one version.{' '}
              <Link to={paths.sources(project)}>Where they come from</Link>
            </PageHead>
            {found.length === 0 && (
              <Panel title="No tables yet">
                <Empty title="Datasets stand here with their versions and profiles" command="orrery run">
                  The first step of a run reads the sources named under <code>data:</code> in <code>orrery.yaml</code>.
                </Empty>
              </Panel>
            )}
            <div className="grid">
              <div className="span-4 stack">
                {found.map((dataset) => (
                  <Panel
                    key={dataset.id}
                    title={dataset.name}
                    note={`${count(dataset.versions)} ${dataset.versions === 1 ? 'version' : 'versions'}`}
                  >
                    <Versions project={project} dataset={dataset.name} chosen={chosen} />
                  </Panel>
                ))}
                <FileDatasets project={project} />
              </div>
              <div className="span-8">
                {files ? (
                  <PicturesView version={files} />
                ) : recipe ? (
                  <RecipeView project={project} dataset={recipe} />
                ) : (
                  chosen && <OneVersion id={chosen} />
                )}
              </div>
            </div>
            <SameAs api={`/api/projects/${project}/datasets`} />
          </>
        )
      }}
    </Asked>
  )
}

function Versions({ project, dataset, chosen }: { project: string; dataset: string; chosen: string | null }) {
  const view = useView()
  const query = useInfiniteQuery(
    pagesOf('data', 'listDataVersions', { params: { project, dataset }, query: { limit: 12 } }),
  )
  if (query.isError && !query.data) return <Failure error={query.error} again={() => query.refetch()} />
  if (!query.data) return <Skeleton lines={5} />
  const versions = query.data.pages.flatMap((page) => page.versions)
  return (
    <>
      <ul className="version-list">
        {versions.map((version: DataVersionSummary) => (
          <li key={version.id} data-row>
            <Link
              to={`${paths.data(project)}?version=${version.id}${view === 'profile' ? '' : `&view=${view}`}`}
              aria-current={version.id === chosen ? 'true' : undefined}
              preventScrollReset
            >
              <b>{version.number}</b>
              <span>
                {count(version.rows)} rows
                <span className="note"> {sourceWords(version.source)}</span>
              </span>
              <span className="note">
                <Ago at={version.createdAt} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <More query={query} />
    </>
  )
}

function sourceWords(source: SourceDescriptor): string {
  if (source.kind === 'taken')
    return source.what && source.place !== 's3' ? `${source.source}: ${source.what}` : source.source
  if (source.kind === 'appended') return `${count(source.rows)} appended: ${source.source}`
  return source.source
}

function OneVersion({ id }: { id: string }) {
  const version = useQuery(ask('data', 'getDataVersion', { params: { version: id } }))
  return (
    <Asked query={version} skeleton={<Skeleton height={500} />}>
      {(one) => (
        <>
          <Views version={one.id} />
          <OneView version={one} />
        </>
      )}
    </Asked>
  )
}

function OneView({ version }: { version: DataVersion }) {
  const view = useView()
  if (view === 'expectations') return <ChecksView version={version} />
  if (view === 'scorecard') return <ScorecardView version={version.id} />
  if (view === 'changes') return <ChangesView version={version} />
  if (view === 'recipe') return <RecipeView project={version.project} dataset={version.dataset} />
  return <Profile version={version} />
}

function Profile({ version }: { version: DataVersion }) {
  const { profile } = version
  return (
    <div className="stack">
      <Panel
        title={
          <>
            {version.dataset} {version.number}
          </>
        }
        note={`${count(version.rows)} rows, ${count(version.columns)} columns, ${bytes(version.bytes)}`}
      >
        {version.warnings.map((warning) => (
          <p key={warning.code + warning.message} className="warning">
            <Mark tone="warn" />
            <span>
              {warning.message} <span className="note">{warning.hint.replaceAll('`', '')}</span>
            </span>
          </p>
        ))}
        <Facts
          rows={[
            ['content sha256', <Id key="hash" value={version.contentHash} tail={false} chars={12} />],
            ['source', <Source key="source" source={version.source} />],
            profile.time !== null && [
              'covers',
              `${eventMinute(profile.time.from)} to ${eventMinute(profile.time.to)}${profile.time.ordered ? '' : ', rows not in order of time'}`,
            ],
            profile.label !== null && [
              'label',
              <span key="label">
                <code>{profile.label.column}</code> ({profile.label.task}
                {profile.label.classes.length > 0 &&
                  `: ${profile.label.classes.map((name, i) => `${name} ${percent((profile.label!.counts[i] ?? 0) / version.rows)}`).join(', ')}`}
                ){profile.label.missing > 0 && `, ${count(profile.label.missing)} not known yet`}
              </span>,
            ],
            ['made', <Ago key="made" at={version.createdAt} />],
          ]}
        />
        {version.split && <Split split={version.split} />}
      </Panel>
      <MadeOf project={version.project} version={version.id} />
      {version.expectations.length > 0 && (
        <Panel
          title="Expectations"
          note={`${version.expectations.filter((one) => one.passed).length} of ${version.expectations.length} hold`}
        >
          <Link to={`?version=${version.id}&view=expectations`}>
            {version.expectations.every((one) => one.passed)
              ? 'All of them, over versions'
              : 'What does not, and since when'}
          </Link>
        </Panel>
      )}
      {profile.leakage.length > 0 && (
        <Panel title="Possible leakage">
          {profile.leakage.map((leak) => (
            <p key={leak.column} className="warning">
              <Mark tone="warn" />
              <span>
                <code>{leak.column}</code>: {leak.reason}
              </span>
            </p>
          ))}
        </Panel>
      )}
      <Panel
        title="Columns"
        note={profile.sampled < profile.rows ? `quantiles of ${count(profile.sampled)} sampled rows` : undefined}
      >
        <Columns columns={profile.columns} rows={profile.rows} />
      </Panel>
      <Depth profile={profile} />
    </div>
  )
}

function Source({ source }: { source: SourceDescriptor }) {
  return (
    <>
      {sourceWords(source)}
      {source.kind === 'files' &&
        source.files.map((file) => (
          <span key={file.sha256} className="note">
            {' '}
            {bytes(file.bytes)} <Id value={file.sha256} tail={false} />
          </span>
        ))}
      {(source.kind === 'url' || source.kind === 'taken') && (
        <span className="note">
          {' '}
          {bytes(source.bytes)} <Id value={source.sha256} tail={false} />
        </span>
      )}
    </>
  )
}

const PARTS = ['train', 'validation', 'test', 'unlabelled'] as const

function splitWords({ by, column }: SplitDescriptor): string {
  if (by === 'time') return 'by time'
  return column === undefined ? by : `by ${by} of ${column}`
}

const CROSSING_WORDS = {
  exact: 'the same in every feature',
  near: 'differ in hardly a cell',
  key: 'the same',
} as const

/** What later parts have in common with earlier ones: how much of them, and rows to look at. */
function Overlap({ overlap }: { overlap: NonNullable<SplitDescriptor['overlap']> }) {
  if (overlap.crossings.length === 0)
    return (
      <p className="note">
        No row of validation and test is a copy, or nearly one, of a row of an earlier part
        {overlap.exact ? '' : ` (${count(overlap.looked)} rows looked at)`}.
      </p>
    )
  return (
    <table className="overlap">
      <caption className="note">What parts have in common</caption>
      <thead>
        <tr>
          <th scope="col">rows</th>
          <th scope="col">of</th>
          <th scope="col">also in</th>
          <th scope="col">how alike</th>
          <th scope="col">such as rows</th>
        </tr>
      </thead>
      <tbody>
        {overlap.crossings.map(({ kind, from, to, column, rows, share, examples }) => (
          <tr key={`${kind} ${from} ${to} ${column}`}>
            <td className="number">
              {count(rows)} <span className="note">{percent(share)}</span>
              <i className="overlap-bar" aria-hidden="true">
                <i style={{ width: `${Math.min(100, share * 100)}%` }} />
              </i>
            </td>
            <td>{to}</td>
            <td>{from}</td>
            <td>
              {CROSSING_WORDS[kind]} {column !== null && <code>{column}</code>}
            </td>
            <td className="note">
              {examples
                .map(({ row, like, value }) => `${count(row)} and ${count(like)}${value === null ? '' : ` (${value})`}`)
                .join('; ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The parts as they stand to each other, with the rule that made them. */
function Split({ split }: { split: SplitDescriptor }) {
  const all = PARTS.reduce((sum, part) => sum + split.rows[part], 0) || 1
  return (
    <div className="split">
      <h3>
        Split {splitWords(split)} <Badge title={split.hash}>seed {split.seed}</Badge>
      </h3>
      <div className="split-bar" aria-hidden="true">
        {PARTS.map(
          (part) =>
            split.rows[part] > 0 && <i key={part} className={part} style={{ flexGrow: split.rows[part] / all }} />,
        )}
      </div>
      <ul className="legend">
        {PARTS.map(
          (part) =>
            split.rows[part] > 0 && (
              <li key={part}>
                <i className={`swatch ${part}`} aria-hidden="true" />
                {part} {count(split.rows[part])}
                {split.boundaries && (part === 'validation' || part === 'test') && (
                  <span className="note">from {eventDay(split.boundaries[part])}</span>
                )}
              </li>
            ),
        )}
      </ul>
      {split.overlap && <Overlap overlap={split.overlap} />}
    </div>
  )
}
