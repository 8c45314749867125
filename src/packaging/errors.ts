import { OrreryError } from '#platform/errors'

const CHANGE_IT = 'Change the model or how it is logged, register it again, and package the new version.'

/** The files of the version are not what a logged model is made of, or not here. */
export class ModelFilesUnfit extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_PACKAGING_FILES_UNFIT',
      status: 422,
      message: `The files of this version cannot be packaged: ${reason}.`,
      hint: 'Log the model with the mlflow client against this server (log_model with a signature), and register that.',
    })
  }
}

/** A model whose kind, or one of whose parts, no converter knows. */
export class ModelNotConvertible extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_PACKAGING_NOT_CONVERTIBLE',
      status: 422,
      message: `This model cannot be made into an ONNX package: ${reason}.`,
      hint: 'What is served is ONNX: scikit-learn, LightGBM and XGBoost models are converted, onnx models taken as they are.',
    })
  }
}

export class RequirementRefused extends OrreryError {
  constructor(line: string, reason: string) {
    super({
      code: 'ORRERY_PACKAGING_REQUIREMENT_REFUSED',
      status: 422,
      message: `The model's requirements.txt asks for "${line.slice(0, 200)}": ${reason}.`,
      hint: 'Name packages and versions of the package index only; a private index is configured for uv where the server runs.',
    })
  }
}

export class RequirementsNotLocked extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_PACKAGING_NOT_LOCKED',
      status: 422,
      message: `No set of packages fits the model's requirements.txt: ${reason}`,
      hint: CHANGE_IT,
    })
  }
}

/** Versions that cannot answer together. */
export class GraphUnfit extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_PACKAGING_GRAPH_UNFIT',
      status: 422,
      message: `These versions cannot be put together: ${reason}.`,
      hint: 'Put packaged versions together that answer rows of columns; see docs/guide/serving.md.',
    })
  }
}

/** The package answers otherwise than the model that was logged. */
export class ParityBreached extends OrreryError {
  constructor(found: { maxAbsDifference: number; maxScaledDifference: number; rows: number }, tolerance: number) {
    const { maxAbsDifference, maxScaledDifference, rows } = found
    super({
      code: 'ORRERY_PACKAGING_PARITY_BREACHED',
      status: 422,
      message: `The package answers up to ${figure(maxAbsDifference)} apart from the logged model (scaled ${figure(maxScaledDifference)}) on ${rows} rows; allowed is ${figure(tolerance)}, scaled.`,
      hint: 'It computes in 32 bits: scale columns of large numbers inside the model, or log it in a form of fewer steps.',
      details: { ...found, tolerance },
    })
  }
}

const figure = (value: number) => (value === 0 ? '0' : value.toExponential(1))
