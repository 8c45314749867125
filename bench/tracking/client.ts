/** The requests of the bench, raw: a client library would cost more than the servers. */
import { filledRun, SEARCHED } from './filled-run.ts'

export async function ask(url: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}

export async function createExperiment(url: string, name: string): Promise<string> {
  return (await ask(url, 'experiments/create', { name })).experiment_id as string
}

export async function createRun(url: string, experiment: string, startTime = Date.now()): Promise<string> {
  const { run } = await ask(url, 'runs/create', { experiment_id: experiment, start_time: startTime })
  return (run as { info: { run_id: string } }).info.run_id
}

/** One run as a short training leaves it: 10 params, 100 points, finished; three requests. */
export async function wholeRun(url: string, experiment: string): Promise<void> {
  const run = await createRun(url, experiment)
  const now = Date.now()
  await ask(url, 'runs/log-batch', {
    run_id: run,
    params: Array.from({ length: 10 }, (_, i) => ({ key: `param_${i}`, value: String(i) })),
    metrics: Array.from({ length: 100 }, (_, i) => ({
      ...{ key: `metric_${i % 10}`, value: i / 7, timestamp: now + i, step: Math.floor(i / 10) },
    })),
  })
  await ask(url, 'runs/update', { run_id: run, status: 'FINISHED', end_time: now + 100 })
}

/** Runs to search among. @returns the experiment */
export async function fillRuns(url: string, count: number): Promise<string> {
  const experiment = await createExperiment(url, SEARCHED)
  for (let i = 0; i < count; i++) {
    const { startedAt, endedAt, params, tags, metrics } = filledRun(i)
    const run = await createRun(url, experiment, startedAt)
    await ask(url, 'runs/log-batch', {
      run_id: run,
      params: pairs(params),
      tags: pairs(tags),
      metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: endedAt, step: 0 })),
    })
    await ask(url, 'runs/update', { run_id: run, status: 'FINISHED', end_time: endedAt })
  }
  return experiment
}

const pairs = (record: Record<string, string>) => Object.entries(record).map(([key, value]) => ({ key, value }))
