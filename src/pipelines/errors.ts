import { OrreryError } from '#platform/errors'

export class PipelineRunUnknown extends OrreryError {
  constructor(run: string) {
    super({
      code: 'ORRERY_PIPELINES_RUN_UNKNOWN',
      status: 404,
      message: `There is no pipeline run ${run}.`,
      hint: 'List the runs of the project: GET /api/projects/<project>/pipeline-runs.',
    })
  }
}

export class CommandLeftNoModel extends OrreryError {
  constructor(command: string, path: string) {
    super({
      code: 'ORRERY_PIPELINES_NO_MODEL',
      status: 422,
      message: `"${command}" ended well but left no model at ${path}.`,
      hint: 'Write the ONNX file to the path in ORRERY_MODEL, or name its place with `model:` in orrery.yaml.',
    })
  }
}
