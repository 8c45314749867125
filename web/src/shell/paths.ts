/** The address of every page, in one place. */
const part = encodeURIComponent

/** What clients track belongs to no project unless somebody says so: it stands at the root. */
const under = (project: string) => (project === '' ? '' : `/${part(project)}`)

export const paths = {
  projects: () => '/',
  loop: (project: string) => `/${part(project)}`,
  data: (project: string) => `/${part(project)}/data`,
  sources: (project: string) => `/${part(project)}/data/sources`,
  features: (project: string) => `/${part(project)}/features`,
  feature: (project: string, view: string) => `/${part(project)}/features/${part(view)}`,
  runs: (project: string) => `/${part(project)}/runs`,
  run: (project: string, pipelineRun: string) => `/${part(project)}/runs/${part(pipelineRun)}`,
  trial: (project: string, run: string) => `${under(project)}/tracking/${part(run)}`,
  experiments: () => '/experiments',
  experiment: (experiment: string) => `/experiments/${part(experiment)}`,
  compare: (runs: readonly string[]) => `/compare?runs=${runs.map(part).join(',')}`,
  models: (project: string) => `${under(project)}/models`,
  model: (project: string, model: string) => `${under(project)}/models/${part(model)}`,
  version: (project: string | null, model: string, version: number) =>
    `${under(project ?? '')}/models/${part(model)}/versions/${version}`,
  certificate: (project: string | null, model: string, version: number) =>
    `${paths.version(project, model, version)}/report`,
  endpoints: (project: string) => `/${part(project)}/endpoints`,
  endpoint: (project: string, endpoint: string) => `/${part(project)}/endpoints/${part(endpoint)}`,
  batches: (project: string) => `/${part(project)}/batches`,
  rollout: (project: string, endpoint: string, rollout: string) =>
    `${paths.endpoint(project, endpoint)}/rollouts/${part(rollout)}`,
  monitors: (project: string) => `/${part(project)}/monitors`,
  monitor: (project: string, endpoint: string) => `/${part(project)}/monitors/${part(endpoint)}`,
  alert: (project: string, alert: string) => `/${part(project)}/alerts/${part(alert)}`,
  /** Those of applications; they belong to experiments, and are shown within a project where the reader is in one. */
  traces: (project = '') => `${under(project)}/traces`,
  requestTrace: (trace: string, project?: string) => `${paths.traces(project)}/${part(trace)}`,
  trace: (prediction: string) => `/trace/${part(prediction)}`,
}
