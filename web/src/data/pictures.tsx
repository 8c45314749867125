import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type AlikePictures, PICTURE_MEASURES, type PictureMeasure, type PictureProfile } from '#data/contract'
import { Bars } from '../charts/bars.tsx'
import { Asked } from '../shell/asked.tsx'
import { Failure } from '../shell/failure.tsx'
import { bytes, count, figure, percent } from '../shell/numbers.ts'
import { Ago, Badge, Empty, Id, Mark, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { ask, server } from '../shell/server.ts'
import { PictureGrid } from './picture-grid.tsx'
import { PERSONAL, PROBLEMS, shown, Thumbnail, WORDS } from './picture-parts.tsx'
import { toneOf } from './result-list.tsx'

const LOOK_AGAIN_MS = 1_000
const FEW_CLASSES = 12
const FEW_NAMES = 3

/** A folder of pictures as its profile tells it; where there is none yet, the way to one. */
export function PicturesView({ version }: { version: string }) {
  const query = useQuery({
    ...ask('data', 'getPictureProfile', { params: { version } }),
    refetchInterval: ({ state }) => (state.data?.running ? LOOK_AGAIN_MS : false),
  })
  const queries = useQueryClient()
  const start = useMutation({
    mutationFn: () => server.data.profilePictures({ params: { version } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['data', 'getPictureProfile'] }),
  })
  return (
    <Asked query={query} skeleton={<Skeleton height={400} />}>
      {({ profile, running, failure }) => (
        <div className="stack">
          {running && (
            <Panel title="Being measured" note={running.message}>
              <progress aria-label="pictures measured" max={1} value={running.fraction ?? undefined} />
            </Panel>
          )}
          {!running && failure && (
            <p className="warning" role="alert">
              <Mark tone="bad" />
              <span>
                {failure.message} <span className="note">{failure.hint}</span>
              </span>
            </p>
          )}
          {start.isError && <Failure error={start.error} again={() => start.mutate()} />}
          {!profile && !running && (
            <Panel title="Pictures">
              <Empty title="What these pictures are like was not looked at yet" command="orrery data profile <path>">
                Sizes, light and sharpness, classes, what cannot be read, and which pictures look the same.
              </Empty>
              <button type="button" disabled={start.isPending} onClick={() => start.mutate()}>
                Profile them
              </button>
            </Panel>
          )}
          {profile && <Profile version={version} profile={profile} />}
          <SameAs api={`/api/file-versions/${version}/pictures`} cli="orrery data profile <path>" />
        </div>
      )}
    </Asked>
  )
}

function Profile({ version, profile }: { version: string; profile: PictureProfile }) {
  const { near, same, outliers, thumbnails } = profile
  return (
    <>
      <Panel
        title={`${count(profile.pictures)} pictures`}
        note={
          <>
            {bytes(profile.bytes)}, <Id value={profile.version} tail={false} />, looked at <Ago at={profile.madeAt} />
          </>
        }
      >
        <p>
          {profile.formats.map(({ format, pictures }) => (
            <Badge key={format}>
              {format} {count(pictures)}
            </Badge>
          ))}
          {profile.sizes.slice(0, 4).map(({ width, height, pictures }) => (
            <Badge key={`${width} ${height}`}>
              {width} × {height} {count(pictures)}
            </Badge>
          ))}
        </p>
        <Warnings profile={profile} />
      </Panel>
      <PictureGrid version={version} profile={profile} />
      {profile.expectations.length > 0 && <Expected results={profile.expectations} />}
      <Panel title="How they spread" note="the middle 98 %; what lies beyond is in the outer bins">
        <ul className="columns">
          {PICTURE_MEASURES.map((measure) => (
            <Shape key={measure} measure={measure} shape={profile.measures[measure]} />
          ))}
        </ul>
      </Panel>
      <Classes parts={profile.parts} />
      <Alike title="The same bytes" alike={same} thumbnails={thumbnails} />
      <Alike title="They look the same" alike={near} thumbnails={thumbnails} />
      {outliers.length > 0 && (
        <Panel title="Far from the others" note="interquartile ranges beyond the nearer quartile">
          <ul className="contact-sheet">
            {outliers.map(({ path, hash, measure, value, far }) => (
              <li key={path}>
                <Thumbnail hash={hash} path={path} thumbnails={thumbnails} />
                <span className="note">
                  {WORDS[measure]} {shown(measure, value)},{' '}
                  {far >= 1e6 ? 'all others are alike' : `${figure(far)} beyond`}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  )
}

function Warnings({ profile }: { profile: PictureProfile }) {
  const { unreadable, personal, turned, blank, grey, transparent, pictures, others } = profile
  const mixed = (n: number) => n > 0 && n < pictures
  return (
    <>
      {unreadable.map(({ problem, pictures: n, examples }) => (
        <details key={problem} className="picture-problem">
          <summary>
            <Mark tone="bad" /> {count(n)} {PROBLEMS[problem]}
          </summary>
          <ul>
            {examples.map(({ path, reason }) => (
              <li key={path}>
                <code>{path}</code> <span className="note">{reason}</span>
              </li>
            ))}
          </ul>
        </details>
      ))}
      {personal.map(({ kind, pictures: n, examples }) => (
        <details key={kind} className="picture-problem">
          <summary>
            <Mark tone="warn" /> {count(n)} tell in their EXIF {PERSONAL[kind]}: personal data
          </summary>
          <ul>
            {examples.map((path) => (
              <li key={path}>
                <code>{path}</code>
              </li>
            ))}
          </ul>
        </details>
      ))}
      {turned > 0 && <Told tone="warn">{count(turned)} have to be turned, as their EXIF says</Told>}
      {blank > 0 && <Told tone="warn">{count(blank)} are one plain ground</Told>}
      {mixed(grey) && <Told tone="idle">{count(grey)} are grey among coloured ones</Told>}
      {mixed(transparent) && <Told tone="idle">{count(transparent)} are transparent</Told>}
      {others > 0 && <Told tone="idle">{count(others)} other files were not looked at</Told>}
    </>
  )
}

function Told({ tone, children }: { tone: 'warn' | 'idle'; children: React.ReactNode }) {
  return (
    <p className="warning">
      <Mark tone={tone} />
      <span>{children}</span>
    </p>
  )
}

function Expected({ results }: { results: PictureProfile['expectations'] }) {
  const hold = results.filter((one) => one.passed).length
  return (
    <Panel title="Expectations" note={`${hold} of ${results.length} hold`}>
      <ul className="expectations">
        {results
          .toSorted((a, b) => Number(a.passed) - Number(b.passed))
          .map((one) => (
            <li key={one.expectation}>
              <Mark tone={toneOf(one)} />
              <span>
                {one.expectation} <span className="note">{one.observed}</span>
                {one.sample.slice(0, 3).map(({ value }) => (
                  <span key={value} className="note picture-path">
                    {value}
                  </span>
                ))}
              </span>
            </li>
          ))}
      </ul>
    </Panel>
  )
}

function Shape({
  measure,
  shape,
}: {
  measure: PictureMeasure
  shape: PictureProfile['measures'][PictureMeasure] | undefined
}) {
  if (!shape) return null
  const { edges, counts, min, median, max } = shape
  const ends = `${shown(measure, min)} · median ${shown(measure, median)} · ${shown(measure, max)}`
  const bins = counts.map((n, i) => ({ name: `${shown(measure, edges[i]!)} to ${shown(measure, edges[i + 1]!)}`, n }))
  return (
    <li>
      <h3>
        <span className="column-name">{WORDS[measure]}</span>
      </h3>
      <Bars bins={bins} label={`Histogram of ${WORDS[measure]}: ${ends}`} />
      <p className="note">{ends}</p>
    </li>
  )
}

function Classes({ parts }: { parts: PictureProfile['parts'] }) {
  const named = parts.filter(({ classes }) => classes.length > 0)
  if (named.length === 0) return null
  return (
    <Panel title="Classes" note="the folder nearest to each picture">
      <table className="picture-classes">
        <thead>
          <tr>
            <th scope="col">part</th>
            <th scope="col">class</th>
            <th scope="col" className="num">
              pictures
            </th>
            <th scope="col">share</th>
          </tr>
        </thead>
        <tbody>
          {named.flatMap(({ part, pictures, classes }) =>
            classes.slice(0, FEW_CLASSES).map(({ name, pictures: n }, i) => (
              <tr key={`${part} ${name}`}>
                <td>{i === 0 ? (part ?? 'all') : ''}</td>
                <td>{name}</td>
                <td className="num">{count(n)}</td>
                <td>
                  <meter min={0} max={1} value={n / pictures} aria-label={`share of ${name}`} /> {percent(n / pictures)}
                </td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </Panel>
  )
}

function Alike({
  title,
  alike,
  thumbnails,
}: {
  title: string
  alike: PictureProfile['near']
  thumbnails: PictureProfile['thumbnails']
}) {
  if (alike.groups === 0) return null
  const across = [
    alike.acrossParts > 0 && `${count(alike.acrossParts)} across parts of the split`,
    alike.acrossClasses > 0 && `${count(alike.acrossClasses)} across classes`,
  ].filter(Boolean)
  return (
    <Panel
      title={title}
      note={[
        `${count(alike.groups)} ${alike.groups === 1 ? 'group' : 'groups'}`,
        ...across,
        ...(alike.complete ? [] : ['too many to compare them all']),
      ].join(', ')}
    >
      <ul className="alike">
        {alike.shown.map((group) => (
          <li key={group.pictures[0]!.path}>
            <ul className="contact-sheet">
              {group.pictures.map(({ path, hash }) => (
                <li key={path}>
                  <Thumbnail hash={hash} path={path} thumbnails={thumbnails} />
                </li>
              ))}
            </ul>
            <AcrossWhat group={group} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** A mark is no place for a hundred names. */
const few = (names: readonly string[]) =>
  names.length > FEW_NAMES
    ? `${names.slice(0, FEW_NAMES).join(', ')} and ${count(names.length - FEW_NAMES)} more`
    : names.join(' and ')

function AcrossWhat({ group: { parts, classes, count: n, pictures, distance } }: { group: AlikePictures }) {
  return (
    <p className="note">
      {parts.length > 1 && <Badge tone="bad">leaks: {few(parts)}</Badge>}
      {classes.length > 1 && <Badge tone="bad">contradicts: {few(classes)}</Badge>}
      {n > pictures.length && `${count(n)} pictures; `}
      {distance > 0 && `${distance} of 64 bits apart`}
    </p>
  )
}
