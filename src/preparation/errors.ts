/**
 * This room touches nothing, not even the classes of errors that HTTP renders: rooms that use it tell these in their own
 * words, with a place.
 */
export class ExpressionInvalid extends Error {
  readonly written: string
  readonly why: string
  readonly todo: string
  constructor(written: string, why: string, todo: string) {
    super(`"${written}": ${why}`)
    this.name = 'ExpressionInvalid'
    this.written = written
    this.why = why
    this.todo = todo
  }
}

/** A step that cannot be done with the columns that are there. */
export class StepInvalid extends Error {
  readonly why: string
  readonly todo: string
  constructor(why: string, todo: string) {
    super(why)
    this.name = 'StepInvalid'
    this.why = why
    this.todo = todo
  }
}
