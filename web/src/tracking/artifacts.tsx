import { useQuery } from '@tanstack/react-query'
import { type MouseEvent, useEffect, useMemo, useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Artifact, RunModel } from '#tracking/contract'
import { Asked } from '../shell/asked.tsx'
import { bytes, plural } from '../shell/numbers.ts'
import { Empty, Id } from '../shell/parts.tsx'
import { fetchWithToken, holdsToken } from '../shell/token.ts'
import { cellsOfJson, cellsOfText, type Cells, type Folder, folderOf, imageType, previewOf } from './artifact-files.ts'

const MOST_TEXT = 200_000
const LARGEST_IMAGE = 20_000_000
const MOST_ROWS = 100

interface Shown {
  readonly owner: string
  readonly artifact: Artifact
}

/** The files of a run, and of the models that it logged, each to look at and to keep. */
export function ArtifactBrowser({
  run,
  artifacts,
  models,
}: {
  run: string
  artifacts: readonly Artifact[]
  models: readonly RunModel[]
}) {
  const [search, setSearch] = useSearchParams()
  const roots = useMemo(
    () => [
      { owner: run, title: null, folder: folderOf(artifacts) },
      ...models.map((model) => ({ owner: model.id, title: model.name, folder: folderOf(model.artifacts) })),
    ],
    [run, artifacts, models],
  )
  const [owner, path] = [search.get('of') ?? run, search.get('file')]
  const files = owner === run ? artifacts : (models.find((model) => model.id === owner)?.artifacts ?? [])
  const chosen = files.find((artifact) => artifact.path === path)
  const choose = ({ owner: of, artifact }: Shown) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before)
        after.set('file', artifact.path)
        if (of === run) after.delete('of')
        else after.set('of', of)
        return after
      },
      { replace: true, preventScrollReset: true, flushSync: true },
    )
  if (roots.every(({ folder }) => folder.files.length + folder.folders.length === 0))
    return <Empty title="No artifact">Files that a run leaves behind stand here.</Empty>
  return (
    <div className="artifacts">
      <nav className="artifact-tree" aria-label="Files">
        {roots.map(({ owner: of, title, folder }) => (
          <div key={of}>
            {title && (
              <h3>
                {title} <span className="note">logged model</span> <Id value={of} />
              </h3>
            )}
            <Inside
              folder={folder}
              chosen={owner === of ? path : null}
              choose={(artifact) => choose({ owner: of, artifact })}
            />
          </div>
        ))}
      </nav>
      <div className="artifact-preview">
        {chosen ? (
          <FilePreview key={`${owner} ${chosen.hash}`} owner={owner} artifact={chosen} />
        ) : (
          <Empty title="Choose a file">
            Text, JSON, tables and pictures are shown here; every file can be downloaded.
          </Empty>
        )}
      </div>
    </div>
  )
}

function Inside({
  folder,
  chosen,
  choose,
}: {
  folder: Folder
  chosen: string | null
  choose: (artifact: Artifact) => void
}) {
  return (
    <ul>
      {folder.folders.map((inner) => (
        <li key={inner.path}>
          <details open={folder.folders.length + folder.files.length < 12 || chosen?.startsWith(`${inner.path}/`)}>
            <summary>{inner.name}/</summary>
            <Inside folder={inner} chosen={chosen} choose={choose} />
          </details>
        </li>
      ))}
      {folder.files.map((artifact) => (
        <li key={artifact.path} data-row>
          <button
            type="button"
            className="artifact-file"
            aria-current={artifact.path === chosen}
            onClick={() => choose(artifact)}
          >
            <span>{artifact.path.slice(artifact.path.lastIndexOf('/') + 1)}</span>
            <span className="note">{bytes(artifact.size)}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

function FilePreview({ owner, artifact }: Shown) {
  return (
    <>
      <header className="artifact-head">
        <b className="mono">{artifact.path}</b>
        <span className="note">{bytes(artifact.size)}</span>
        <Id value={artifact.hash} tail={false} />
        <DownloadLink owner={owner} artifact={artifact} />
      </header>
      <Content owner={owner} artifact={artifact} />
    </>
  )
}

function Content({ owner, artifact }: Shown) {
  const preview = previewOf(artifact.path)
  if (artifact.size === 0) return <p className="note">The file is empty.</p>
  if (preview === 'image') {
    if (artifact.size > LARGEST_IMAGE) return <p className="note">The picture is too large to be shown.</p>
    return <Picture owner={owner} artifact={artifact} />
  }
  if (preview === 'none') return <p className="note">Files of this kind are not shown.</p>
  return <Text owner={owner} artifact={artifact} preview={preview} />
}

function Text({ owner, artifact, preview }: Shown & { preview: 'text' | 'json' | 'table' }) {
  const cut = artifact.size > MOST_TEXT
  const query = useQuery({
    queryKey: ['artifact text', owner, artifact.hash],
    queryFn: async () => (await read(owner, artifact, MOST_TEXT)).text(),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <Asked query={query}>
      {(text) => {
        const value = preview === 'json' && !cut ? parsed(text) : undefined
        const cells =
          preview === 'table'
            ? cellsOfText(text, artifact.path.toLowerCase().endsWith('.tsv') ? '\t' : ',', cut)
            : cellsOfJson(value)
        return (
          <>
            {cells ? (
              <Cellular cells={cells} />
            ) : (
              <pre>{value === undefined ? text : JSON.stringify(value, null, 2)}</pre>
            )}
            {cut && (
              <p className="note">
                The first {bytes(MOST_TEXT)} of {bytes(artifact.size)}.
              </p>
            )}
          </>
        )
      }}
    </Asked>
  )
}

function Cellular({ cells }: { cells: Cells }) {
  const rows = cells.rows.slice(0, MOST_ROWS)
  return (
    <div className="cells">
      <table>
        <thead>
          <tr>
            {cells.columns.map((name, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns of anybody's table may have the same name.
              <th key={i}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a file have no other identity.
            <tr key={i}>
              {row.map((value, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the same.
                <td key={at} className="mono">
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {cells.rows.length > rows.length && <p className="note">The first {plural(rows.length, 'row')}.</p>}
    </div>
  )
}

/** As an `img` even an SVG runs no script. */
function Picture({ owner, artifact }: Shown) {
  const query = useQuery({
    queryKey: ['artifact picture', owner, artifact.hash],
    queryFn: async () => new Blob([await read(owner, artifact)], { type: imageType(artifact.path) ?? '' }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return <Asked query={query}>{(blob) => <BlobImage blob={blob} alt={artifact.path} />}</Asked>
}

function BlobImage({ blob, alt }: { blob: Blob; alt: string }) {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return url === undefined ? null : <img src={url} alt={alt} />
}

function DownloadLink({ owner, artifact }: Shown) {
  const name = artifact.path.slice(artifact.path.lastIndexOf('/') + 1)
  // A link sends no token, so the page fetches for it; without one the browser streams the file by itself.
  const withToken = async (event: MouseEvent<HTMLAnchorElement>) => {
    if (!holdsToken()) return
    event.preventDefault()
    const url = URL.createObjectURL(new Blob([await read(owner, artifact)]))
    const link = document.createElement('a')
    link.href = url
    link.download = name
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 1000)
  }
  return (
    <a className="button" href={addressOf(owner, artifact.path)} download={name} onClick={withToken}>
      Download
    </a>
  )
}

const addressOf = (owner: string, path: string) =>
  `/api/artifacts/${encodeURIComponent(owner)}/${path.split('/').map(encodeURIComponent).join('/')}`

async function read(owner: string, artifact: Artifact, most?: number): Promise<Blob> {
  const response = await fetchWithToken(addressOf(owner, artifact.path) + (most === undefined ? '' : `?bytes=${most}`))
  if (!response.ok) throw new Error(`The server answered ${response.status} for ${artifact.path}.`)
  return response.blob()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
