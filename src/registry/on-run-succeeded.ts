import type { Pipelines } from '#pipelines'
import type { Events } from '#platform/events'
import type { Projects } from '#projects'
import { judgeGates } from './gates.ts'
import type { Registry } from './registry.ts'

/** Every pipeline run that succeeds becomes a version; the project's gates decide whether as candidate or rejected. */
export function registerSucceededRuns(needs: {
  events: Events
  projects: Projects
  pipelines: Pipelines
  registry: Registry
}): void {
  const { events, projects, pipelines, registry } = needs
  events.subscribe('registry', ['pipelines.run_succeeded'], async ({ subject }) => {
    const found = await pipelines.candidate(subject)
    const { spec } = await projects.project(found.project)
    // What preparation learned is in the package, and with the run.
    const {
      report,
      baseline,
      onnx,
      requests,
      parity,
      comparison,
      endpoint,
      importance,
      preparation: _,
      ...facts
    } = found
    const champion = comparison
      ? await registry.version(found.model, comparison.version).catch(() => undefined)
      : undefined
    await registry.register(
      {
        ...facts,
        package: { format: 'onnx', hash: onnx.hash, size: onnx.size, parity },
        metrics: mapEstimates(report.metrics),
        report,
        baseline,
        comparison,
        importance,
        endpoint,
        releaseRequests: requests,
      },
      judgeGates(spec.gates, found, champion?.importance),
    )
  })
}

/** Metrics whose interval the rows could not tell are shown without one. */
function mapEstimates(metrics: Record<string, { value: number; lower95: number | null; upper95: number | null }>) {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, { value, lower95, upper95 }]) => [name, { value, lower95, upper95 }]),
  )
}
