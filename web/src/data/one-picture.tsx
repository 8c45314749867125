import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { ListedPicture } from '#data/contract'
import { Asked } from '../shell/asked.tsx'
import { bytes, figure } from '../shell/numbers.ts'
import { Badge, Id, Skeleton } from '../shell/parts.tsx'
import { ask } from '../shell/server.ts'
import { PERSONAL, PROBLEMS, WORDS } from './picture-parts.tsx'

/** One picture, large, with what was measured of it and those that look the same. Arrows lead on, Escape back. */
export function OnePicture({
  version,
  number,
  open,
}: {
  version: string
  number: number
  open: (number: number | null) => void
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const query = useQuery({
    ...ask('data', 'getPicture', { params: { version, number } }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  useEffect(() => dialog.current?.showModal(), [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog without our doing
    <dialog
      ref={dialog}
      className="one-picture"
      aria-label="A picture"
      onClose={() => open(null)}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <Asked query={query} skeleton={<Skeleton height={420} />}>
        {({ picture, preview, alike, thumbnails }) => (
          <>
            <header>
              <h2 className="picture-path">{picture.path}</h2>
              <button type="button" onClick={() => dialog.current?.close()}>
                Close
              </button>
            </header>
            {preview ? (
              <img src={`data:image/jpeg;base64,${preview}`} alt={picture.path} />
            ) : (
              <p className="no-thumbnail">There is nothing that can be shown.</p>
            )}
            <Known picture={picture} />
            {alike.length > 0 && (
              <>
                <h3>{picture.near === null ? 'The same bytes' : 'They look the same'}</h3>
                <ul className="contact-sheet">
                  {alike.map((one) => (
                    <li key={one.number}>
                      <button type="button" className="linkish" onClick={() => open(one.number)}>
                        {thumbnails[one.hash] ? (
                          <img src={`data:image/jpeg;base64,${thumbnails[one.hash]}`} alt="" width={112} />
                        ) : (
                          <span className="no-thumbnail">no picture</span>
                        )}
                        <span className="note picture-path" title={one.path}>
                          {one.path}
                        </span>
                      </button>
                      {one.part !== picture.part && <Badge tone="bad">leaks: {one.part}</Badge>}
                      {one.class !== picture.class && <Badge tone="bad">contradicts: {one.class}</Badge>}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
      </Asked>
    </dialog>
  )
}

function Known({ picture }: { picture: ListedPicture }) {
  const { width, height, far, farBy, personal } = picture
  const facts: [string, React.ReactNode][] = [
    ...(picture.problem
      ? [['cannot be read', `${PROBLEMS[picture.problem]}: ${picture.reason}`] as [string, string]]
      : []),
    ...(picture.part === null ? [] : [['part', picture.part] as [string, string]]),
    ...(picture.class === null ? [] : [['class', picture.class] as [string, string]]),
    ['file', `${picture.format ?? ''} ${bytes(picture.bytes)}`],
    ...(width && height ? [['pixels', `${width} × ${height}`] as [string, string]] : []),
    ...(['brightness', 'contrast', 'sharpness'] as const).flatMap((one): [string, string][] =>
      picture[one] === null ? [] : [[one, figure(picture[one])]],
    ),
    ...(far !== null && farBy !== null
      ? [['far from the others', `${WORDS[farBy]}${far >= 1e6 ? '' : `, ${figure(far)} beyond`}`] as [string, string]]
      : []),
    ...(personal.length > 0
      ? [['EXIF tells', personal.map((one) => PERSONAL[one]).join(', ')] as [string, string]]
      : []),
    ['hash', <Id key="hash" value={picture.hash} tail={false} />],
  ]
  return (
    <dl className="picture-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
