import { OrreryError } from '#platform/errors'

/** A condition that cannot be used. `offset` is where in its text, counted from 0. */
export class ConditionInvalid extends OrreryError {
  readonly offset: number

  constructor(fields: { text: string; offset: number; wrong: string; todo: string }) {
    super({
      code: 'ORRERY_PROJECTS_CONDITION_INVALID',
      status: 422,
      message: fields.wrong,
      hint: fields.todo,
      details: { condition: fields.text.slice(0, 200), offset: fields.offset },
    })
    this.offset = fields.offset
  }
}
