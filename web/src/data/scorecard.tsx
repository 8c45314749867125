import { useQuery } from '@tanstack/react-query'
import type { Characteristic, Grade, Measure, Scorecard } from '#data/contract'
import { Asked } from '../shell/asked.tsx'
import { count, percent } from '../shell/numbers.ts'
import { Empty, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { ask } from '../shell/server.ts'

/** The five characteristics of a version: each with what it was computed from, and what to do. */
export function ScorecardView({ version }: { version: string }) {
  const card = useQuery(ask('data', 'getScorecard', { params: { version } }))
  return (
    <Asked
      query={card}
      skeleton={
        <Panel title="Scorecard" note="computed once for a version; it takes a moment">
          <Skeleton height={300} />
        </Panel>
      }
    >
      {(found) => <Card card={found} version={version} />}
    </Asked>
  )
}

function Card({ card, version }: { card: Scorecard; version: string }) {
  return (
    <div className="stack">
      <Panel
        title="Scorecard"
        note={card.sampled > 0 ? `labels and signal from ${count(card.sampled)} rows` : undefined}
      >
        <ul className="grades">
          {card.characteristics.map((one) => (
            <li key={one.name}>
              <a href={`#${one.name}`}>
                <GradeMark grade={one.grade} />
                <b>{one.name}</b>
                <span className="note">{one.question}</span>
              </a>
            </li>
          ))}
        </ul>
      </Panel>
      {card.characteristics.map((one) => (
        <OneCharacteristic key={one.name} characteristic={one} />
      ))}
      <Panel title="Labels to look at" note={card.suspects.length > 0 ? 'most doubtful first' : undefined}>
        {card.suspects.length === 0 ? (
          <Empty title="No label stands out">
            Where a class is predicted, rows whose label the others do not bear out stand here.
          </Empty>
        ) : (
          <div className="scroll-x">
            <table>
              <thead>
                <tr>
                  <th>row</th>
                  <th>labelled</th>
                  <th>looks like</th>
                  <th className="number">confidence</th>
                </tr>
              </thead>
              <tbody>
                {card.suspects.slice(0, 20).map((one) => (
                  <tr key={one.row}>
                    <td className="mono">{count(one.row)}</td>
                    <td>{one.given}</td>
                    <td>{one.suggested}</td>
                    <td className="number">{percent(one.confidence)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
      <SameAs api={`/api/data-versions/${version}/scorecard`} />
    </div>
  )
}

function OneCharacteristic({
  characteristic: { name, question, grade, measures },
}: {
  characteristic: Characteristic
}) {
  return (
    <Panel
      id={name}
      title={
        <>
          <GradeMark grade={grade} /> <span className="capital">{name}</span>
        </>
      }
      note={question}
    >
      <ul className="measures">
        {measures.map((measure) => (
          <OneMeasure key={measure.name} measure={measure} />
        ))}
      </ul>
    </Panel>
  )
}

function OneMeasure({ measure: { name, observed, formula, grade, todo } }: { measure: Measure }) {
  return (
    <li>
      <GradeMark grade={grade} small />
      <div>
        <b>{name}</b>: {observed}
        {todo && <p className="todo">{todo.replaceAll('`', '')}</p>}
        <details>
          <summary className="note">how it is computed</summary>
          <p className="note">{formula}</p>
        </details>
      </div>
    </li>
  )
}

const TONES: Record<Grade, string> = { A: 'ok', B: 'ok', C: 'warn', D: 'warn', E: 'bad', unknown: 'idle' }

function GradeMark({ grade, small = false }: { grade: Grade; small?: boolean }) {
  return (
    <span
      className={`grade ${TONES[grade]} ${small ? 'small' : ''}`}
      title={grade === 'unknown' ? 'not known' : `grade ${grade}`}
    >
      {grade === 'unknown' ? '–' : grade}
    </span>
  )
}
