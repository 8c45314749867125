import { OrreryError } from '#platform/errors'

export class AlertUnknown extends OrreryError {
  constructor(alert: string) {
    super({
      code: 'ORRERY_MONITORING_ALERT_UNKNOWN',
      status: 404,
      message: `There is no alert "${alert}".`,
      hint: 'See GET /api/alerts.',
    })
  }
}

/** Another server closed the period meanwhile; not for clients. */
export class PeriodOvertaken extends Error {
  constructor(endpoint: string) {
    super(`another server closed a period of "${endpoint}"`)
    this.name = 'PeriodOvertaken'
  }
}
