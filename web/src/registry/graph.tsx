import { Link } from 'react-router'
import type { InferenceGraph } from '#runtime/contract'
import { figure } from '../shell/numbers.ts'
import { paths } from '../shell/paths.ts'
import { type DrawnEdge, drawGraph, graphInWords, isStep } from './graph-layout.ts'
import './graph.css'

/** What a composed version is composed of; `undefined` of every other. */
export function graphOf({ tags }: { tags: Readonly<Record<string, string>> }): InferenceGraph | undefined {
  try {
    const graph = JSON.parse(tags['orrery.graph'] ?? 'null') as InferenceGraph | null
    // Pages carry no schemas; a tag may hold anything, and what is no graph is not drawn.
    return graph && typeof graph.parts === 'object' && isStep(graph.answer) ? graph : undefined
  } catch {
    return undefined
  }
}

/** A composed model as a picture: which versions answer, in which order, for which records. */
export function GraphPicture({
  graph,
  project,
  said,
}: {
  graph: InferenceGraph
  project: string
  /** What each part said of one record; parts that are not in it were not asked. */
  said?: Readonly<Record<string, number>> | undefined
}) {
  const { width, height, nodes, edges } = drawGraph(graph.answer)
  return (
    <>
      <div className="graph-picture">
        <svg width={width + 4} height={height + 4} viewBox={`-2 -2 ${width + 4} ${height + 4}`} role="img">
          <title>{graphInWords(graph.answer)}</title>
          {edges.map((edge) => (
            <Edge
              key={`${edge.from} ${edge.to} ${edge.label}`}
              edge={edge}
              head={nodes.some(({ x, y, height: high }) => x === edge.to[0] && y < edge.to[1] && edge.to[1] < y + high)}
            />
          ))}
          {nodes.map(({ kind, name, x, y, width: wide, height: high }) => {
            const idle = kind === 'part' && said !== undefined && said[name] === undefined
            return (
              <g key={`${x} ${y}`} className={`node ${kind} ${idle ? 'idle' : ''}`} transform={`translate(${x} ${y})`}>
                <rect width={wide} height={high} rx={kind === 'part' ? 6 : high / 2} />
                <text x={wide / 2} y={kind === 'part' ? 18 : high / 2 + 4} textAnchor="middle">
                  {name}
                </text>
                {kind === 'part' && (
                  <text className="of" x={wide / 2} y={35} textAnchor="middle">
                    {shortened(said ? (idle ? 'not asked' : figure(said[name]!)) : (graph.parts[name] ?? ''), 22)}
                  </text>
                )}
              </g>
            )
          })}
        </svg>
      </div>
      <ul className="graph-parts">
        {Object.entries(graph.parts).map(([part, of]) => {
          const at = of.lastIndexOf('@')
          return (
            <li key={part}>
              <b>{part}</b> <Link to={paths.version(project, of.slice(0, at), Number(of.slice(at + 1)))}>{of}</Link>
            </li>
          )
        })}
        {Object.entries(graph.inputs ?? {}).map(([name, from]) => (
          <li key={name} className="note">
            <b>{name}</b> {typeof from === 'string' ? `a ${from} column of the record` : `the header ${from.header}`}
          </li>
        ))}
      </ul>
    </>
  )
}

/** How far along a line turns to another height. */
const TURN = 40

function Edge({ edge: { from, to, label, at }, head }: { edge: DrawnEdge; head: boolean }) {
  const [x1, y1] = from
  const [x2, y2] = to
  // A condition is written where its branch has its own height, so that one turns early; others turn late, past what lies beside them.
  const early = at === 'to'
  const [left, right] = early ? [x1, x1 + TURN] : [Math.max(x1, x2 - TURN), x2]
  const middle = (left + right) / 2
  return (
    <g className="edge">
      <path d={`M${x1} ${y1}L${left} ${y1}C${middle} ${y1} ${middle} ${y2} ${right} ${y2}L${x2} ${y2}`} />
      {head && <path className="head" d={`M${x2} ${y2}l-7 -4v8z`} />}
      {label !== null && (
        <text x={early ? x2 - 10 : x1 + 4} y={(early ? y2 : y1) - 6} textAnchor={early ? 'end' : 'start'}>
          <title>{label}</title>
          {shortened(label, 26)}
        </text>
      )}
    </g>
  )
}

const shortened = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)
