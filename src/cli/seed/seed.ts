import { join, resolve } from 'node:path'
import pc from 'picocolors'
import { OrreryError } from '#platform/errors'
import { telecomWorld } from '#worlds'
import { tellBirth } from '../demo/birth.ts'
import { quietStory } from '../demo/quiet-story.ts'
import { DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'
import { pages } from '../pages.ts'
import { daysOf } from '../replay/days.ts'
import { keepFeatures } from '../replay/keep-features.ts'
import { copyProject } from '../replay/project-copy.ts'
import { liveDay } from '../replay/live-day.ts'
import { settle } from '../replay/settle.ts'
import { openTraffic } from '../replay/traffic.ts'
import { openScreen, spinner } from '../screen.ts'
import { connect, type Server, type ServerOptions, serverFrom } from '../server.ts'
import { count } from '../wording.ts'
import { type Scenario, scenarioNamed } from './scenarios.ts'

/** Seeds are for comparing what one sees: everybody's is this one. */
const SEED = 7
const DAY = 86_400_000

class AlreadyThere extends OrreryError {
  constructor(project: string, url: string) {
    super({
      code: 'ORRERY_SEED_ALREADY_THERE',
      status: 409,
      message: `The server at ${url} has a project "${project}" already, and a scenario starts from nothing.`,
      hint: 'Start a server on another home folder (`orrery up --home .orrery/seeded`) and seed that.',
    })
  }
}

/** Fills a server with a scenario, through the API that everybody uses. */
export async function seed(name: string, options: ServerOptions): Promise<number> {
  const scenario = scenarioNamed(name)
  const { url, server } = serverFrom(options)
  const screen = options.json ? undefined : openScreen()
  try {
    const seeded = await fill(server, url, scenario, (what) => screen?.block([`${spinner()} ${pc.dim(what)}`]))
    if (options.json) printJson(seeded)
    else screen?.line(`${GOOD} ${scenario.name}: ${scenario.about} · ${pages.loop(url, seeded.project)}`)
    return DONE
  } finally {
    screen?.close()
  }
}

async function fill(server: Server, url: string, scenario: Scenario, working: (what: string) => void) {
  const world = telecomWorld({ seed: SEED })
  working('drawing customers')
  const project = await copyProject(world, resolve(join('.orrery', 'seeds', scenario.name)))
  const name = project.spec.project
  const { projects } = await server.listProjects()
  if (projects.some((one) => one.name === name)) throw new AlreadyThere(name, url)
  await server.applyProject({ body: project.written })
  await keepFeatures(server, name)

  const { id, secret } = await server.createToken({ body: { name: 'qa', roles: ['qa'] } })
  const qa = connect(url, secret)
  await tellBirth(quietStory({ working }), { server, qa, world, project })
  const endpoint = Object.keys(project.spec.deploy)[0]!
  const traffic = openTraffic({ url, endpoint, world })
  try {
    const end = new Date(Date.parse(world.schedule[0]!.date) + scenario.days * DAY).toISOString().slice(0, 10)
    for (const day of daysOf(world)) {
      if (day.date >= end) break
      working(`${day.date} · ${count(traffic.counts.asked)} customers`)
      await liveDay({ server, qa, world, project: name, endpoint, traffic }, day)
      if (scenario.untilAlert && (await hasSetOffARun(server, name))) break
    }
    if (scenario.candidate) {
      working('training a candidate')
      await server.startPipeline({ params: { project: name }, body: { reason: 'a candidate to be signed' } })
      await settle(server, undefined, name)
    }
  } finally {
    await traffic.close()
    await server.revokeToken({ params: { id } })
  }
  const { summary, needs } = await server.overview({ params: { project: name } })
  return { scenario: scenario.name, project: name, endpoint, predictions: traffic.counts.answered, summary, needs }
}

/** Whether an alert is open and a pipeline run has come of it. */
async function hasSetOffARun(server: Server, project: string): Promise<boolean> {
  const { alerts } = await server.listAlerts({ query: { project, open: 'yes' } })
  return alerts.some((alert) => alert.pipelineRun !== null)
}
