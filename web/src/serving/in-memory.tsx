import { useQuery } from '@tanstack/react-query'
import type { ModelInMemory } from '#serving/contract'
import { Asked } from '../shell/asked.tsx'
import { bytes, count, percent } from '../shell/numbers.ts'
import { Badge, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { ask } from '../shell/server.ts'
import './in-memory.css'

const LOOK_EVERY_MS = 5_000

/** Which models are in memory, where they run and what they take: those of an endpoint first, then what shares the machine. */
export function InMemory({ endpoint }: { endpoint: string }) {
  const found = useQuery({ ...ask('serving', 'modelsInMemory'), refetchInterval: LOOK_EVERY_MS })
  return (
    <Panel title="In memory" note="models here and what they share this machine with">
      <Asked query={found} skeleton={<Skeleton lines={4} />}>
        {({ budgetBytes, usedBytes, serverBytes, models }) => {
          const here = models.filter((one) => one.endpoints.includes(endpoint))
          const others = models.filter((one) => !one.endpoints.includes(endpoint))
          return (
            <>
              <Budget used={usedBytes} budget={budgetBytes} models={models} mine={new Set(here)} />
              <p className="note">
                {bytes(usedBytes)} of {bytes(budgetBytes)} ({percent(usedBytes / budgetBytes)}); the server’s own
                process takes {bytes(serverBytes)}.
              </p>
              <Table models={here} empty="Nothing of this endpoint is loaded." />
              {others.length > 0 && (
                <details>
                  <summary>{count(others.length)} of others</summary>
                  <Table models={others} />
                </details>
              )}
            </>
          )
        }}
      </Asked>
      <SameAs api="/api/serving/models" cli="orrery memory" />
    </Panel>
  )
}

function Budget({
  used,
  budget,
  models,
  mine,
}: {
  used: number
  budget: number
  models: readonly ModelInMemory[]
  mine: ReadonlySet<ModelInMemory>
}) {
  const whole = Math.max(used, budget, 1)
  return (
    <div
      className="memory-bar"
      role="img"
      aria-label={`${percent(used / Math.max(1, budget))} of the memory for models is taken`}
    >
      {models
        .filter(({ loaded }) => loaded)
        .toSorted((a, b) => Number(mine.has(b)) - Number(mine.has(a)) || b.bytes - a.bytes)
        .map((one) => (
          <i
            key={one.name}
            className={mine.has(one) ? 'mine' : undefined}
            style={{ width: `${(100 * one.bytes) / whole}%` }}
            title={`${one.name}: ${bytes(one.bytes)}`}
          />
        ))}
    </div>
  )
}

function Table({ models, empty }: { models: readonly ModelInMemory[]; empty?: string }) {
  if (models.length === 0) return empty === undefined ? null : <p className="note">{empty}</p>
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>model</th>
            <th>runs</th>
            <th className="n">takes</th>
            <th className="n">a row</th>
            <th className="n">loaded</th>
            <th className="n">left for others</th>
          </tr>
        </thead>
        <tbody>
          {models.map((one) => (
            <tr key={one.name} data-row>
              <td className="mono">
                {one.name} {one.problem !== null && <Badge tone="warn">{one.problem}</Badge>}
              </td>
              <td>
                {one.placement === 'inline' ? 'beside HTTP' : 'in its own process'}
                {one.processEnds > 0 && <span className="note"> ended {count(one.processEnds)} times</span>}
              </td>
              <td className="n">{one.loaded ? bytes(one.bytes) : <span className="note">out</span>}</td>
              <td className="n">{one.microseconds === null ? '–' : `${count(one.microseconds)} µs`}</td>
              <td className="n">{count(one.loads)}</td>
              <td className="n">{count(one.evictions)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
