import { monotonicFactory } from 'ulid'
import type { Monitoring, PeriodClosed } from '#monitoring'
import type { Cause } from '#pipelines/contract'
import type { Events, StoredEvent } from '#platform/events'
import type { Logger } from '#platform/log'
import type { Storage, Tx } from '#platform/storage'
import { type Clock, openSchedules } from '#platform/time'
import { evaluateCondition, type Projects } from '#projects'
import { causeOf, triggerContext } from './cause.ts'
import type { Firing } from './contract.ts'
import { type ConditionRule, isResting, rulesOf } from './rules.ts'
import {
  allSchedules,
  countStarted,
  insertFiring,
  type KeptSchedule,
  lastFiringIn,
  listFirings,
  moveSchedule,
  replaceSchedules,
} from './store.ts'

/** Starts a project's pipeline in the caller's transaction, or names the run that is under way. */
export type StartPipeline = (
  tx: Tx,
  run: { project: string; endpoint: string; cause: Cause },
) => Promise<{ id: string; name: string; existed: boolean }>

export interface TriggerNeeds {
  readonly storage: Storage
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  readonly projects: Pick<Projects, 'project' | 'projects'>
  readonly monitoring: Pick<Monitoring, 'attachRun'>
  readonly startPipeline: StartPipeline
}

export interface Triggers {
  /** Newest first. @throws ProjectUnknown */
  firings(project: string, page: { limit: number; offset: number }): Promise<Firing[]>
  /** How many runs rules have started; those that a person asked for are not among them. */
  retrainings(project: string): Promise<number>
  /** Keeps the schedules from now on. */
  start(): Promise<void>
  stop(): Promise<void>
}

export function openTriggers(needs: TriggerNeeds): Triggers {
  const { storage, events, clock, log, projects, monitoring, startPipeline } = needs
  // Ids sort as they were given out, within a millisecond too.
  const newId = monotonicFactory()
  const schedules = openSchedules({
    clock,
    log,
    all: () => allSchedules(storage),
    fire: (schedule, now) =>
      storage.write(async (tx) => {
        if (await moveSchedule(tx, schedule, now)) await fireSchedule(tx, schedule)
      }),
  })

  async function afterPeriod(project: string, closed: PeriodClosed): Promise<void> {
    const { conditions } = rulesOf((await projects.project(project)).spec)
    for (const rule of conditions.filter(({ endpoint }) => endpoint === closed.endpoint)) {
      const verdict = evaluateCondition(rule.condition, triggerContext(closed))
      if (verdict.passed) await fireCondition(project, rule, closed, causeOf(verdict, closed))
    }
  }

  const fireCondition = (project: string, rule: ConditionRule, { through, alert }: PeriodClosed, cause: Cause) =>
    storage.write(async (tx) => {
      await storage.capabilities.serialize(tx, 'triggers_firings')
      const last = await lastFiringIn(tx, project, rule.endpoint)
      if (isResting(last, through, rule.notWithin)) return
      const run = await fire(tx, { project, ...rule, rule: rule.place, eventTime: through, cause })
      if (alert && cause.kind === 'alert') await monitoring.attachRun(tx, alert.id, run)
    })

  async function fireSchedule(tx: Tx, { project, endpoint, written, rule }: KeptSchedule): Promise<void> {
    const cause: Cause = { kind: 'schedule', by: written, reason: `scheduled: ${written}` }
    await fire(tx, { project, endpoint, written, rule, eventTime: null, cause })
  }

  /** One transaction: the run and the record of why it was started stand together. */
  async function fire(tx: Tx, { project, endpoint, rule, written, eventTime, cause }: FiringRule) {
    const run = await startPipeline(tx, { project, endpoint, cause })
    const at = clock.now()
    const firing: Firing = {
      ...{ id: newId(at), project, endpoint, rule, written, at, eventTime, cause },
      pipelineRun: run.id,
      runName: run.name,
      joined: run.existed,
    }
    await insertFiring(tx, firing)
    await events.publish(tx, { type: 'triggers.fired', project, subject: firing.id, data: { ...firing } })
    return run
  }

  async function followProject(name: string): Promise<void> {
    const { spec } = await projects.project(name)
    await storage.write((tx) => replaceSchedules(tx, name, rulesOf(spec).schedules, clock.now()))
    await schedules.keep()
  }

  events.subscribe('triggers', ['monitoring.period_closed', 'projects.applied'], async (event: StoredEvent) => {
    if (event.type === 'projects.applied') return followProject(event.subject)
    await afterPeriod(event.project!, event.data as unknown as PeriodClosed)
  })

  return {
    firings: async (project, page) => listFirings(storage, (await projects.project(project)).name, page),
    retrainings: (project) => countStarted(storage, project),
    start: async () => {
      for (const { name, spec } of await projects.projects()) {
        const unsupported = spec.when.filter(({ run }) => run !== 'pipeline')
        if (unsupported.length > 0)
          log.warn({ project: name, rules: unsupported }, 'rules that reproduce a version are not run by this release')
      }
      await schedules.keep()
    },
    stop: () => schedules.stop(),
  }
}

type FiringRule = Pick<Firing, 'project' | 'endpoint' | 'rule' | 'written' | 'eventTime' | 'cause'>
