import { WrongUse } from '../errors.ts'

/** A state worth starting from. All of them are the simulated telecom, so each is the same every time. */
export interface Scenario {
  readonly name: string
  readonly about: string
  /** Most live days, counted from 1 January 2025. */
  readonly days: number
  /** Ends on the day when an alert sets off a retraining. */
  readonly untilAlert: boolean
  /** Whether a new candidate is trained at the end, and left for a person to sign. */
  readonly candidate: boolean
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'fresh-model',
    about: 'a first version serves; a month of calm traffic',
    days: 31,
    untilAlert: false,
    candidate: false,
  },
  {
    name: 'drifted-model',
    about: 'the world has changed; an alert is open, and the retraining it set off is on its way to production',
    days: 365,
    untilAlert: true,
    candidate: false,
  },
  {
    name: 'waiting-for-qa',
    about: 'a month of traffic, and a candidate that waits for a signature',
    days: 45,
    untilAlert: false,
    candidate: true,
  },
]

/** @throws WrongUse */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.name === name)
  if (scenario) return scenario
  const list = SCENARIOS.map((one) => `${one.name} (${one.about})`).join(', ')
  throw new WrongUse(`There is no scenario "${name}".`, `Choose one of: ${list}.`)
}
