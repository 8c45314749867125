import { asOrreryError } from '#platform/errors'
import type { Dialect } from '#platform/http'
import { mlflowDialect } from '../mlflow/dialect.ts'

const [BAD_REQUEST, OTHER_TYPE, UNPROCESSABLE] = [400, 415, 422]

/** MLflow's form of an error, with the statuses of its scoring server, which are not those of its tracking server. */
export const scoringDialect: Dialect = {
  errorReply: mlflowDialect.errorReply,
  renderError: (error) => {
    const { status, body } = mlflowDialect.renderError(error)
    if (asOrreryError(error)?.status === OTHER_TYPE) return { status: OTHER_TYPE, body }
    return { status: status === UNPROCESSABLE ? BAD_REQUEST : status, body }
  },
}
