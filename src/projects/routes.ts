import type { HttpServer } from '#platform/http'
import type { Tx } from '#platform/storage'
import { type Drift, projectRoutes } from './api.ts'
import { describeProject } from './describe.ts'
import type { Projects } from './projects.ts'
import type { ProjectSpec } from './spec/complete.ts'
import type { StoredProject } from './store.ts'

export function mountProjects(
  http: HttpServer,
  projects: Projects,
  onApply: (tx: Tx, project: StoredProject) => Promise<void>,
  /** What later rooms have that is not as a file says. */
  driftFrom: (spec: ProjectSpec) => Promise<Drift[]> = async () => [],
): void {
  http.mount('projects', projectRoutes, {
    listProjects: async () => ({ projects: (await projects.projects()).map(short) }),
    getProject: async ({ params }) => {
      const project = await projects.project(params.project)
      const { file, folder, canvas, code } = project
      return { ...short(project), file, folder, canvas, code, spec: project.spec as unknown as Record<string, unknown> }
    },
    planProject: async ({ body }) => {
      const { spec, ...planned } = await projects.plan(body)
      return { ...planned, drift: await driftFrom(spec) }
    },
    applyProject: ({ body, principal }) => projects.apply(body, principal.name, onApply),
  })
}

function short(project: StoredProject) {
  return {
    name: project.name,
    description: describeProject(project),
    simulated: project.simulated,
    appliedAt: project.appliedAt,
    appliedBy: project.appliedBy,
  }
}
