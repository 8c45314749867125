import { OrreryError } from '#platform/errors'

export class BornDead extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_DEMO_NO_CHAMPION',
      status: 500,
      message: `The demo's first version did not reach production: ${reason}.`,
      hint: 'Start the demo again with --keep and look at the run in the pages.',
    })
  }
}

export class TrafficFails extends OrreryError {
  constructor(failed: number, first: string) {
    super({
      code: 'ORRERY_DEMO_TRAFFIC_FAILS',
      status: 500,
      message: `${failed} requests got no answer; the first was ${first}.`,
      hint: 'Start the demo again with --keep --home <folder> and look at the endpoint in the pages.',
    })
  }
}
