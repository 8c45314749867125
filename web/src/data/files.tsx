import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Fragment, useState } from 'react'
import { Link } from 'react-router'
import type { FileDataset, FileVersion } from '#data/contract'
import { Failure } from '../shell/failure.tsx'
import { bytes, count } from '../shell/numbers.ts'
import { paths } from '../shell/paths.ts'
import { Ago, Id, More, Panel, Skeleton } from '../shell/parts.tsx'
import { ask, pagesOf } from '../shell/server.ts'

/** Folders and files that `orrery data` keeps beside git; nothing where there are none. */
export function FileDatasets({ project }: { project: string }) {
  const query = useQuery(ask('data', 'listFileDatasets', { params: { project } }))
  if (query.isError && !query.data) return <Failure error={query.error} again={() => query.refetch()} />
  return (
    <>
      {query.data?.datasets.map((dataset) => (
        <Panel
          key={dataset.name}
          title={dataset.name}
          note={`${dataset.latest.kind}, ${count(dataset.versions)} ${dataset.versions === 1 ? 'version' : 'versions'}`}
        >
          <Versions project={project} dataset={dataset} />
        </Panel>
      ))}
    </>
  )
}

function Versions({ project, dataset }: { project: string; dataset: FileDataset }) {
  const [open, setOpen] = useState<string | null>(null)
  const query = useInfiniteQuery(
    pagesOf('data', 'listFileVersions', { params: { project, dataset: dataset.name }, query: { limit: 6 } }),
  )
  if (query.isError && !query.data) return <Failure error={query.error} again={() => query.refetch()} />
  if (!query.data) return <Skeleton lines={2} />
  return (
    <>
      <ul className="file-versions">
        {query.data.pages
          .flatMap((page) => page.versions)
          .map((version: FileVersion) => (
            <li key={version.id}>
              <button
                type="button"
                className="linkish"
                aria-expanded={version.id === open}
                onClick={() => setOpen(version.id === open ? null : version.id)}
              >
                {count(version.files)} {version.files === 1 ? 'file' : 'files'}, {bytes(version.bytes)}
              </button>
              <span className="note">
                <Id value={version.version} tail={false} /> <Ago at={version.addedAt} />
                {version.kind === 'folder' && (
                  <>
                    {' '}
                    <Link to={`${paths.data(project)}?files=${version.id}`} preventScrollReset>
                      pictures
                    </Link>
                  </>
                )}
              </span>
              {version.id === open && <Files version={version.id} />}
            </li>
          ))}
      </ul>
      <More query={query} />
    </>
  )
}

function Files({ version }: { version: string }) {
  const query = useInfiniteQuery(pagesOf('data', 'listFiles', { params: { version }, query: { limit: 50 } }))
  if (query.isError && !query.data) return <Failure error={query.error} again={() => query.refetch()} />
  if (!query.data) return <Skeleton lines={3} />
  return (
    <>
      <dl className="files">
        {query.data.pages
          .flatMap((page) => page.files)
          .map((file) => (
            <Fragment key={file.path}>
              <dt>{file.path}</dt>
              <dd>{file.mode === 'link' ? `→ ${file.target}` : bytes(file.size)}</dd>
            </Fragment>
          ))}
      </dl>
      <More query={query} />
    </>
  )
}
