export * from './contract.ts'
export { ProjectFileInvalid } from './errors.ts'
export { parseProject } from './spec/parse.ts'
export { type OrderedStep, orderSteps } from './spec/steps.ts'
