import { describeProject } from '#projects'
import type { LoopOverview } from './contract.ts'
import { gatherFacts, type LoopNeeds } from './facts.ts'
import { needsOf } from './needs.ts'
import { stagesOf } from './stages.ts'
import { summaryOf } from './summary.ts'

export async function overviewOf(needs: LoopNeeds, name: string): Promise<LoopOverview> {
  const project = await needs.projects.project(name)
  const endpoints = (await needs.deployments.endpoints({ project: name })).filter(
    (endpoint) => project.spec.deploy[endpoint.name] !== undefined,
  )
  const facts = await gatherFacts(needs, project, endpoints[0])
  return {
    project: name,
    simulated: project.simulated,
    description: describeProject(project),
    stages: stagesOf(facts),
    needs: needsOf(facts),
    endpoints,
    drift: await needs.drift(project.spec),
    summary: summaryOf(facts),
  }
}
