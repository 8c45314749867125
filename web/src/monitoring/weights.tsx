import { useQuery } from '@tanstack/react-query'
import type { MonitorPoint } from '#monitoring/contract'
import { WeightsArea } from '../charts/weights-area.tsx'
import { useZoom } from '../charts/zoom.ts'
import { Asked } from '../shell/asked.tsx'
import { Empty, Skeleton, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { POINTS } from './in-step.tsx'

/** How the parts of the versions that answer together went over time. */
export function Weights({ project, endpoint, model }: { project: string; endpoint: string; model: string }) {
  const zoom = useZoom()
  const [from, to] = zoom.range ?? []
  const series = useQuery(
    ask('monitoring', 'monitorSeries', { params: { endpoint }, query: { points: POINTS, from, to } }),
  )
  return (
    <Asked query={series} skeleton={<Skeleton height={190} />}>
      {({ points }) =>
        points.length < 2 ? (
          <Empty title="Nobody has answered yet">
            Which version gave which part of the answers stands here; where several answer together, each one’s part
            follows from its loss on the latest labels.
          </Empty>
        ) : (
          <Steady value={points} question={`${from} ${to}`}>
            {(shown) => (
              <WeightsArea
                times={shown.map((point) => point.through)}
                weights={shown.map(partsOf)}
                href={(version) => paths.version(project, model, version)}
                zoom={zoom}
              />
            )}
          </Steady>
        )
      }
    </Asked>
  )
}

/** Where no committee answers, the champion gives the whole answer. */
const partsOf = ({ weights, champion }: MonitorPoint): Record<string, number> =>
  Object.keys(weights).length > 0 ? weights : { [champion]: 1 }
