import { OrreryError } from '#platform/errors'

export class WebhookUnknown extends OrreryError {
  constructor(id: string) {
    super({
      code: 'ORRERY_WEBHOOKS_UNKNOWN',
      status: 404,
      message: `There is no webhook ${id.slice(0, 100)}.`,
      hint: 'See GET /api/webhooks.',
    })
  }
}

export class WebhookInvalid extends OrreryError {
  constructor(message: string, hint = 'Compare it with the webhooks in the guide “Coming from MLflow”.') {
    super({ code: 'ORRERY_WEBHOOKS_INVALID', status: 400, message, hint })
  }
}

export class AddressNotPublic extends OrreryError {
  constructor(host: string, address: string) {
    super({
      code: 'ORRERY_WEBHOOKS_ADDRESS_NOT_PUBLIC',
      status: 400,
      message: `${host} is at ${address}, which is no public address.`,
      hint: 'Start the server with ORRERY_WEBHOOKS=any to let webhooks reach into its own network.',
    })
  }
}
