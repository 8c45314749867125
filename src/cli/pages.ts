/** Addresses of the pages, for links in what commands print. */
const part = encodeURIComponent

export const pages = {
  loop: (url: string, project: string) => `${url}/${part(project)}`,
  run: (url: string, project: string, run: string) => `${url}/${part(project)}/runs/${part(run)}`,
  version: (url: string, project: string, model: string, version: number) =>
    `${url}/${part(project)}/models/${part(model)}/versions/${version}`,
  trace: (url: string, prediction: string) => `${url}/trace/${part(prediction)}`,
}
