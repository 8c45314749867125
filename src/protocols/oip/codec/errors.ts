import { OrreryError } from '#platform/errors'

/** A request that does not speak the protocol; what does not fit the model is a matter of the model. */
export class InferRequestInvalid extends OrreryError {
  constructor(problem: string, hint: string) {
    super({
      code: 'ORRERY_PROTOCOLS_INFER_REQUEST_INVALID',
      status: 400,
      message: `The inference request cannot be read: ${problem}.`,
      hint,
    })
  }
}

/** The data of one tensor is not what its datatype and shape say. */
export class TensorDataInvalid extends OrreryError {
  constructor(tensor: string, problem: string, hint: string) {
    super({
      code: 'ORRERY_PROTOCOLS_TENSOR_DATA_INVALID',
      status: 400,
      message: `The data of the tensor "${tensor.slice(0, 100)}" cannot be read: ${problem}.`,
      hint,
    })
  }
}
