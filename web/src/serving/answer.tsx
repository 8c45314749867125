import { Link } from 'react-router'
import type { Endpoint } from '#deployments/contract'
import type { Signature } from '#registry/contract'
import type { Prediction } from '#serving/contract'
import { figure, percent } from '../shell/numbers.ts'
import { Id } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'

/** One answer: the number, what is most likely, how likely each class is, and where its past is told. */
export function Answer({
  endpoint,
  signature,
  answer,
}: {
  endpoint: Endpoint
  signature: Signature
  answer: Prediction
}) {
  return (
    <>
      <p className="note">
        {answer.label === null ? signature.label : `P(${signature.label} = ${signature.classes[1] ?? answer.label})`}
      </p>
      <p className="answer-value">{figure(answer.value)}</p>
      {answer.label !== null && (
        <p>
          most likely <b>{answer.label}</b>
        </p>
      )}
      {answer.probabilities && <Probabilities of={answer.probabilities} label={answer.label} />}
      <p>
        by <Link to={paths.version(endpoint.project, endpoint.model, answer.version)}>v{answer.version}</Link> ·{' '}
        <Id value={answer.id} to={paths.trace(answer.id)} />
      </p>
    </>
  )
}

/** More classes than this are no picture; the likeliest are what is looked for. */
const MOST_BARS = 8

function Probabilities({ of, label }: { of: Record<string, number>; label: string | null }) {
  const all = Object.entries(of)
  const shown = all.length <= MOST_BARS ? all : all.toSorted(([, a], [, b]) => b - a).slice(0, MOST_BARS)
  return (
    <ul className="probabilities">
      {shown.map(([name, probability]) => (
        <li key={name} className={name === label ? 'likeliest' : undefined}>
          <span>{name}</span>
          <i aria-hidden="true">
            <b style={{ width: `${100 * probability}%` }} />
          </i>
          <span className="number">{percent(probability)}</span>
        </li>
      ))}
      {shown.length < all.length && <li className="note">and {all.length - shown.length} less likely</li>}
    </ul>
  )
}
