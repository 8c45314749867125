import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { DataVersion } from '#data/contract'
import { Asked } from '../shell/asked.tsx'
import { useCopy } from '../shell/copied.ts'
import { InlineFailure, tell } from '../shell/failure.tsx'
import { Mark, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { ask, server } from '../shell/server.ts'
import { ResultList } from './result-list.tsx'
import { useSettled } from './settled.ts'

/** The expectations of a data set to edit, and whether they hold while they are written. Nothing is kept: the file is in git. */
export function ExpectationEditor({ version }: { version: DataVersion }) {
  const { project, dataset } = version
  const kept = useQuery(ask('data', 'getExpectations', { params: { project, dataset } }))
  return (
    <Asked query={kept} skeleton={<Skeleton height={240} />}>
      {({ yaml }) => <Editor key={version.id} version={version} kept={yaml} />}
    </Asked>
  )
}

function Editor({ version, kept }: { version: DataVersion; kept: string }) {
  const problemId = useId()
  const [text, setText] = useState(kept)
  const [copied, copy] = useCopy()
  const tried = useSettled(text)
  const changed = tried.trim() !== kept.trim()
  const call = { params: { version: version.id }, body: { yaml: tried } }
  const results = useQuery({
    ...ask('data', 'tryExpectations', call),
    enabled: changed,
    placeholderData: keepPreviousData,
    retry: false,
  })
  const suggest = useMutation({
    mutationFn: () => server.data.suggestExpectations({ params: { version: version.id } }),
    onSuccess: ({ yaml }) => setText((before) => merged(before, yaml)),
  })
  const problem = changed && results.error ? tell(results.error) : null
  return (
    <Panel
      title="Write expectations"
      note={
        changed && (results.isFetching || tried !== text)
          ? 'trying them …'
          : `tried on version ${version.number}; nothing is kept`
      }
    >
      <label className="recipe">
        <span className="note">
          Entries as under <code>expect:</code> of <code>data.{version.dataset}</code> in orrery.yaml
        </span>
        <textarea
          value={text}
          onChange={(event) => setText(event.target.value)}
          rows={Math.min(20, Math.max(5, text.split('\n').length + 1))}
          spellCheck={false}
          aria-invalid={problem !== null}
          aria-describedby={problemId}
          placeholder={
            '- { column: age, between: [0, 120], otherwise: quarantine }\n- { rows: [1000, null], otherwise: warn }'
          }
        />
      </label>
      <div className="editor-actions">
        <button type="button" className="button" disabled={suggest.isPending} onClick={() => suggest.mutate()}>
          Suggest from this version
        </button>
        <button type="button" className="button" disabled={text.trim() === ''} onClick={() => void copy(text)}>
          {copied ? 'Copied' : 'Copy for orrery.yaml'}
        </button>
      </div>
      {suggest.isError && <InlineFailure error={suggest.error} />}
      <div id={problemId} aria-live="polite">
        {problem ? (
          <p className="warning">
            <Mark tone="warn" />
            <span>
              {problem.message.replaceAll('`', '')} <span className="note">{problem.hint.replaceAll('`', '')}</span>
            </span>
          </p>
        ) : (
          changed && results.data && <ResultList results={results.data.results} />
        )}
      </div>
      <SameAs
        api={`POST /api/data-versions/${version.id}/try-expectations`}
        cli={`orrery data suggest-expectations --only ${version.dataset}`}
      />
    </Panel>
  )
}

/** What is written stays; what is suggested of columns that it says nothing of comes behind it. */
function merged(written: string, suggested: string): string {
  const about = (line: string) => /\bcolumn: ("[^"]*"|[^,}]+)/.exec(line)?.[1]?.trim()
  const known = new Set(written.split('\n').map(about))
  const more = suggested.split('\n').filter((line) => {
    const column = about(line)
    if (column !== undefined) return !known.has(column)
    return line !== '' && written.trim() === ''
  })
  return [written.trimEnd(), ...more]
    .filter((part) => part !== '')
    .join('\n')
    .concat('\n')
}
