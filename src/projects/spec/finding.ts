/** Something wrong at a place of the file, before the place has a line. */
export interface Finding {
  readonly path: readonly PropertyKey[]
  readonly wrong: string
  readonly todo: string
}
