export { MLFLOW_ALIASES, mountMlflow, runFilterReader } from './mlflow/index.ts'
export { endpointModels, mountInference, startInferenceGrpc } from './oip/index.ts'
export { mountOtlp } from './otlp/index.ts'
export { webhookLanguage } from './mlflow/webhook-messages.ts'
