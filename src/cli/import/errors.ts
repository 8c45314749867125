import { OrreryError } from '#platform/errors'

export class SourceUnreachable extends OrreryError {
  constructor(address: string, reason: string) {
    super({
      code: 'ORRERY_IMPORT_SOURCE_UNREACHABLE',
      status: 502,
      message: `No MLflow server answers at ${address} (${reason}).`,
      hint: 'Check the address and that the server runs, then start the same command again: it goes on where it stopped.',
    })
  }
}

export class SourceRefused extends OrreryError {
  constructor(address: string, status: number) {
    super({
      code: 'ORRERY_IMPORT_SOURCE_REFUSED',
      status,
      message: `${address} answered ${status}: it wants to know who asks, or does not let you read.`,
      hint: 'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, as for the mlflow client.',
    })
  }
}

export class SourceNotMlflow extends OrreryError {
  constructor(place: string, reason: string) {
    super({
      code: 'ORRERY_IMPORT_SOURCE_NOT_MLFLOW',
      status: 400,
      message: `${place} is nothing that MLflow keeps its runs in: ${reason}.`,
      hint: 'Give the address of a tracking server (1.28 or newer), an mlruns folder, or sqlite:///path/to/mlflow.db.',
    })
  }
}

export class SourceFailed extends OrreryError {
  constructor(what: string, status: number, words: string) {
    super({
      code: 'ORRERY_IMPORT_SOURCE_FAILED',
      status: 502,
      message: `The source answered ${status} to ${what}: ${words}`,
      hint: 'See its log. Start the same command again when it is well: it goes on where it stopped.',
    })
  }
}

/** The artifacts of one run or model cannot be read from here. */
export class ArtifactsUnreachable extends OrreryError {
  constructor(uri: string, hint: string) {
    super({
      code: 'ORRERY_IMPORT_ARTIFACTS_UNREACHABLE',
      status: 422,
      message: `The artifacts at ${uri || '(no address)'} cannot be read from here.`,
      hint,
    })
  }
}
