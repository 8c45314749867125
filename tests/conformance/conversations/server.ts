import type { Conversation } from '../conversation.ts'

export const server: Conversation = async (t) => {
  await t.get('/health')
  await t.get('/version')
  await t.get('/api/3.0/mlflow/server-info')
  await t.get('/ajax-api/3.0/mlflow/server-info')
  const twin = (path: string) => `/ajax-api/2.0/mlflow/${path}`
  const { experiment_id } = await t.post(twin('experiments/create'), { name: 'twin' })
  const { run } = await t.post(twin('runs/create'), { experiment_id, run_name: 'twin', start_time: 1 })
  const run_id = run.info.run_id
  await t.post(twin('runs/log-metric'), { run_id, key: 'a', value: 1, timestamp: 1 })
  await t.post(twin('runs/log-parameter'), { run_id, key: 'a', value: '1' })
  await t.post(twin('runs/set-tag'), { run_id, key: 'a', value: '1' })
  await t.post(twin('runs/log-batch'), { run_id, params: [{ key: 'b', value: '1' }] })
  await t.get(twin('runs/get'), { run_id })
  await t.post(twin('runs/search'), { experiment_ids: [experiment_id] })
  await t.post(twin('experiments/search'), { filter: "name = 'twin'", max_results: 5 })
  await t.get(twin('metrics/get-history'), { run_id, metric_key: 'a' })
  await t.get(twin('artifacts/list'), { run_id })
  await t.post(twin('logged-models/search'), { experiment_ids: [experiment_id] })
  await t.get(twin('nowhere'))
  await t.get('/ajax-api/2.0/nowhere')
}
