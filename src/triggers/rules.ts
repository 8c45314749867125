import { type CompiledCondition, compileCondition, type OnSchedule, type ProjectSpec } from '#projects'

interface Rule {
  /** Its place in `when`, from 0. */
  readonly place: number
  /** As it was written. */
  readonly written: string
  readonly endpoint: string
}

/** Fires when its condition holds at the end of a period, and nothing has fired for its endpoint for `notWithin` ms of event time. */
export interface ConditionRule extends Rule {
  readonly condition: CompiledCondition & { kind: 'trigger' }
  readonly notWithin: number
}

/** Fires at the times of a cron schedule, in UTC. */
export type ScheduleRule = Rule

/** The rules of a project that start its pipeline. */
export function rulesOf(spec: ProjectSpec): { conditions: ConditionRule[]; schedules: ScheduleRule[] } {
  const conditions: ConditionRule[] = []
  const schedules: ScheduleRule[] = []
  spec.when.forEach((trigger, place) => {
    if (trigger.run !== 'pipeline') return
    const endpoint = trigger.then.replace(/^deploy\./, '')
    if (isSchedule(trigger)) schedules.push({ place, endpoint, written: trigger.cron })
    else
      conditions.push({
        ...{ place, endpoint, written: trigger.if },
        condition: compileCondition(trigger.if, 'trigger'),
        notWithin: trigger.not_within,
      })
  })
  return { conditions, schedules }
}

function isSchedule(trigger: ProjectSpec['when'][number]): trigger is OnSchedule & { then: string } {
  return 'cron' in trigger
}

/**
 * Whether a rule rests: some rule of the endpoint, itself or another, fired at or after this event time, or too shortly
 * before. What is limited is how often a model is renewed, so the rules of one endpoint share their rest.
 */
export function isResting(last: number | undefined, through: number, notWithin: number): boolean {
  return last !== undefined && (through <= last || through - last < notWithin)
}
