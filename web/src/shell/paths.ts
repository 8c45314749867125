/** The address of every page, in one place. */
const part = encodeURIComponent

export const paths = {
  projects: () => '/',
  loop: (project: string) => `/${part(project)}`,
  data: (project: string) => `/${part(project)}/data`,
  runs: (project: string) => `/${part(project)}/runs`,
  run: (project: string, pipelineRun: string) => `/${part(project)}/runs/${part(pipelineRun)}`,
  trial: (project: string, run: string) => `/${part(project)}/tracking/${part(run)}`,
  models: (project: string) => `/${part(project)}/models`,
  model: (project: string, model: string) => `/${part(project)}/models/${part(model)}`,
  version: (project: string, model: string, version: number) =>
    `/${part(project)}/models/${part(model)}/versions/${version}`,
  endpoints: (project: string) => `/${part(project)}/endpoints`,
  endpoint: (project: string, endpoint: string) => `/${part(project)}/endpoints/${part(endpoint)}`,
  monitors: (project: string) => `/${part(project)}/monitors`,
  monitor: (project: string, endpoint: string) => `/${part(project)}/monitors/${part(endpoint)}`,
  alert: (project: string, alert: string) => `/${part(project)}/alerts/${part(alert)}`,
  /** Those of applications; they belong to experiments, and are shown within a project where the reader is in one. */
  traces: (project?: string) => (project === undefined ? '/traces' : `/${part(project)}/traces`),
  requestTrace: (trace: string, project?: string) => `${paths.traces(project)}/${part(trace)}`,
  trace: (prediction: string) => `/trace/${part(prediction)}`,
}
