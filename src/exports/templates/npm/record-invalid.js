/** A record that does not fit the signature; nothing of its call was answered. */
export class RecordInvalid extends Error {
  constructor({ record, field, message, hint }) {
    super(`Record ${record}, field "${field}": ${message}.`)
    this.name = 'RecordInvalid'
    this.code = 'ORRERY_RUNTIME_RECORD_INVALID'
    this.status = 422
    this.hint = hint
    this.details = { record, field }
  }
}
