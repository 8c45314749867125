import { OrreryError } from '#platform/errors'

export class StorageClosed extends OrreryError {
  constructor() {
    super({
      code: 'ORRERY_STORAGE_CLOSED',
      status: 503,
      message: 'The server is shutting down and takes no more writes.',
      hint: 'Send the request again when the server is ready.',
    })
  }
}
