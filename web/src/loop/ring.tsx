import { Link } from 'react-router'
import type { LoopOverview, Stage } from '#loop/contract'
import { directionNote, metricName } from '../shell/metrics.ts'
import { figure } from '../shell/numbers.ts'
import { Ago, Mark, type Tone } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { span } from '../shell/times.ts'

const TONES: Record<Stage['state'], Tone> = {
  good: 'ok',
  working: 'busy',
  waiting: 'warn',
  attention: 'bad',
  empty: 'idle',
}
const WORDS: Record<Stage['state'], string> = {
  good: 'good',
  working: 'working now',
  waiting: 'waits for you',
  attention: 'needs attention',
  empty: 'nothing yet',
}

/** The orbit in the coordinates of the drawing; the stages stand on it at every eighth of a turn, data at upper left. */
const ORBIT = { cx: 500, cy: 220, rx: 400, ry: 176 }
const VIEW = { width: 1000, height: 440 }
const angleOf = (stage: number) => ((stage - 3) * Math.PI) / 4
const at = (angle: number) => ({ x: ORBIT.cx + ORBIT.rx * Math.cos(angle), y: ORBIT.cy + ORBIT.ry * Math.sin(angle) })

/** The loop as a picture: eight stages on their orbit, the champion in the middle, what is moving in motion. */
export function Ring({ overview }: { overview: LoopOverview }) {
  const { stages, project } = overview
  return (
    <div className="ring">
      <svg className="orbit" viewBox={`0 0 ${VIEW.width} ${VIEW.height}`} aria-hidden="true">
        <defs>
          <radialGradient id="sun">
            <stop offset="0" stopColor="var(--accent)" stopOpacity=".13" />
            <stop offset="1" stopColor="var(--accent)" stopOpacity="0" />
          </radialGradient>
        </defs>
        <ellipse className="glow" cx={ORBIT.cx} cy={ORBIT.cy} rx={330} ry={170} fill="url(#sun)" />
        <ellipse className="path" cx={ORBIT.cx} cy={ORBIT.cy} rx={ORBIT.rx} ry={ORBIT.ry} />
        {stages.map((stage, i) => (
          <Arc key={stage.name} from={angleOf(i - 1)} to={angleOf(i)} moving={stage.state === 'working'} />
        ))}
      </svg>
      <Champion overview={overview} />
      <ol className="stages">
        {stages.map((stage, i) => {
          const { x, y } = at(angleOf(i))
          const inside = (
            <>
              <span className="stage-name">
                <Mark tone={TONES[stage.state]} />
                {stage.name}
                <span className="visually-hidden">: {WORDS[stage.state]}</span>
              </span>
              {stage.lines.map((line) => (
                <span className="stage-line" key={line}>
                  {line}
                </span>
              ))}
            </>
          )
          return (
            <li
              key={stage.name}
              className={`stage ${stage.state}`}
              style={
                { '--x': `${(x / VIEW.width) * 100}%`, '--y': `${(y / VIEW.height) * 100}%` } as React.CSSProperties
              }
              data-row
            >
              <Link to={stage.link ?? paths.loop(project)} title={`${stage.name}: ${WORDS[stage.state]}`}>
                {inside}
              </Link>
            </li>
          )
        })}
      </ol>
    </div>
  )
}

/** A piece of the orbit from one stage to the next, with an arrow in its middle that says which way the loop turns. */
function Arc({ from, to, moving }: { from: number; to: number; moving: boolean }) {
  const a = at(from)
  const b = at(to)
  const middle = (from + to) / 2
  const m = at(middle)
  const turn = (Math.atan2(ORBIT.ry * Math.cos(middle), -ORBIT.rx * Math.sin(middle)) * 180) / Math.PI
  return (
    <>
      {moving && <path className="moving" d={`M${a.x} ${a.y}A${ORBIT.rx} ${ORBIT.ry} 0 0 1 ${b.x} ${b.y}`} />}
      <path
        className={moving ? 'arrow on' : 'arrow'}
        d="M-4 -5L4 0L-4 5"
        transform={`translate(${m.x} ${m.y}) rotate(${turn})`}
      />
    </>
  )
}

function Champion({ overview }: { overview: LoopOverview }) {
  const { summary, endpoints, project } = overview
  const endpoint = endpoints[0]
  if (!endpoint || summary.champion === null) {
    return (
      <div className="ring-champion">
        <p className="champion-name none">No champion yet</p>
        <p className="note">The first version that passes its gates goes here.</p>
      </div>
    )
  }
  const way = summary.metric && directionNote(summary.metric)
  return (
    <div className="ring-champion">
      <p className="champion-name">
        <Link className="champion-link" to={paths.version(project, endpoint.model, summary.champion)}>
          {endpoint.model} <span className="champion-version">v{summary.champion}</span>
        </Link>
      </p>
      <p className="note">
        champion
        {summary.championSince !== null && (
          <>
            , promoted <Ago at={summary.championSince} />
          </>
        )}
      </p>
      {summary.metric && summary.value !== null && (
        <>
          <p className="champion-metric">
            {metricName(summary.metric)} <b>{figure(summary.value)}</b>
          </p>
          <p className="note">
            {summary.windowMs ? `last ${span(summary.windowMs)}` : 'measured'}
            {way ? `, ${way}` : ''}
            {summary.reference !== null ? ` · left alone ${figure(summary.reference)}` : ''}
          </p>
        </>
      )}
    </div>
  )
}
