import { OrreryError } from '#platform/errors'

/** A package that answers something else than rows of columns. */
export class ExportUnfit extends OrreryError {
  constructor(version: string, reason: string, hint = 'Use it as a service, or take its ONNX file from its page.') {
    super({
      code: 'ORRERY_EXPORTS_UNFIT',
      status: 422,
      message: `${version} cannot be exported: ${reason}.`,
      hint,
    })
  }
}
