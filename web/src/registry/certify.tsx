import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import type { ModelVersion } from '#registry/contract'
import { InlineFailure } from '../shell/failure.tsx'
import { Ago, Badge, Facts, Panel } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, server } from '../shell/server.ts'

/** Who signed for a version; for a candidate, the form to sign or to refuse. */
export function CertifyPanel({ version, report }: { version: ModelVersion; report?: string }) {
  const { certification, state } = version
  return (
    <Panel title="Certification" id="certify">
      {certification ? (
        <Facts
          rows={[
            ['signed by', certification.by],
            ['when', <Ago key="at" at={certification.at} />],
            [
              'how',
              certification.automatic ? (
                <Badge key="how">automatically, by a rule</Badge>
              ) : (
                'by a person, having seen this report'
              ),
            ],
            certification.note !== '' && ['note', certification.note],
          ]}
        />
      ) : state === 'candidate' ? (
        <Sign version={version} report={report} />
      ) : (
        <p className="note">
          {state === 'rejected'
            ? 'This version was rejected; it cannot reach production.'
            : 'Nobody has signed for this version.'}
        </p>
      )}
    </Panel>
  )
}

function Sign({ version, report }: { version: ModelVersion; report: string | undefined }) {
  const queries = useQueryClient()
  const me = useQuery(ask('access', 'whoAmI'))
  const [note, setNote] = useState('')
  const [read, setRead] = useState(false)
  const params = { model: version.model, version: version.version }
  // Release, traffic and inbox all follow from a signature, so everything shown is asked for anew.
  const onSuccess = () => queries.invalidateQueries()
  const certify = useMutation({
    mutationFn: () => server.registry.certifyVersion({ params, body: { note, ...(report && { report }) } }),
    onSuccess,
  })
  const reject = useMutation({
    mutationFn: () => server.registry.rejectVersion({ params, body: { reason: note } }),
    onSuccess,
  })
  const busy = certify.isPending || reject.isPending
  const failed = version.gates.filter((gate) => !gate.passed && !gate.pending).length
  return (
    <form
      className="sign"
      onSubmit={(event) => {
        event.preventDefault()
        certify.mutate()
      }}
    >
      <p>
        Review and sign: a signature lets v{version.version} go on towards production.
        {report === undefined && (
          <>
            {' '}
            <Link to={paths.certificate(version.project, version.model, version.version)}>Read the report</Link> first.
          </>
        )}
        {failed > 0 && <b className="bad"> {failed} of its gates did not pass.</b>}
      </p>
      <label>
        Note, or the reason to reject
        <textarea rows={3} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
      <label className="check">
        <input type="checkbox" checked={read} onChange={(event) => setRead(event.target.checked)} />I have read the
        report on this page
      </label>
      <div className="buttons">
        <button type="submit" className="button go" disabled={!read || busy}>
          {certify.isPending ? 'Signing…' : `Sign v${version.version}`}
        </button>
        <button
          type="button"
          className="button danger"
          disabled={note.trim() === '' || busy}
          title={note.trim() === '' ? 'Say why first' : undefined}
          onClick={() => reject.mutate()}
        >
          {reject.isPending ? 'Rejecting…' : 'Reject'}
        </button>
      </div>
      {certify.isError && <InlineFailure error={certify.error} />}
      {reject.isError && <InlineFailure error={reject.error} />}
      {me.data && (
        <p className="note">
          Signed as <b>{me.data.name}</b> ({me.data.roles.join(', ')}); the note is kept with the version and in the
          audit.
        </p>
      )}
    </form>
  )
}
