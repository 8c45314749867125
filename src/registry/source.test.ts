import { describe, expect, it } from 'vitest'
import { checkSource, parseModelUri } from './source.ts'

describe('addresses of models', () => {
  it('are told apart', () => {
    expect(parseModelUri('models:/m-1')).toEqual({ kind: 'logged', id: 'm-1' })
    expect(parseModelUri('models:/name/3')).toEqual({ kind: 'version', name: 'name', version: 3 })
    expect(parseModelUri('models:/a@b@champion')).toEqual({ kind: 'alias', name: 'a@b', alias: 'champion' })
    expect(parseModelUri('models:/name/Production')).toEqual({ kind: 'stage', name: 'name', stage: 'Production' })
  })
  it.each(['models:/', 'models:', 'models://host/name/1', 'models:/a/b/c', 'models:/ /1', 'models:/a/ ', 'models:/@x'])(
    'are none: %j',
    (uri) => expect(() => parseModelUri(uri)).toThrow('Invalid model version source'),
  )
})

/** One run and one logged model, as the tracking room tells of them. */
const tracking = {
  run: async (id: string) => {
    if (id !== 'run-1') throw new Error('no such run')
    return { id, experimentId: '7' }
  },
  loggedModel: async (id: string) => {
    if (id !== 'm-1') throw new Error('no such model')
    return { id, experiment: '7' }
  },
} as unknown as Parameters<typeof checkSource>[0]

const RUN = { run: 'run-1', loggedModel: null }
const MODEL = { run: null, loggedModel: 'm-1' }
const NOBODY = { run: null, loggedModel: null }

describe('sources of versions', () => {
  it.each([
    ['runs:/run-1/model', RUN],
    ['mlflow-artifacts:/7/run-1/artifacts/model', RUN],
    ['models:/m-1', MODEL],
    ['mlflow-artifacts:/7/models/m-1/artifacts', MODEL],
    ['s3://bucket/models/one', NOBODY],
    ['https://example.org/model.zip', RUN],
    ['dbfs:/models/100%', NOBODY],
  ])('may be %s', (source, claim) => expect(checkSource(tracking, { source, ...claim })).resolves.toBeUndefined())

  it.each([
    ['a path', '/etc/passwd', RUN],
    ['a path by its address', 'file:///etc', RUN],
    ['a drive', 'C:\\models', RUN],
    ['a relative path', 'models', NOBODY],
    ['steps up', 's3://bucket/a/../../b', NOBODY],
    ['encoded steps up', 's3://bucket/%252e%252e/b', NOBODY],
    ['a zero byte', 's3://bucket/%00', NOBODY],
    ['a run that was not named', 'runs:/run-1/model', NOBODY],
    ['another run', 'runs:/run-2/model', RUN],
    ['a run that is none', 'runs:/run-2/model', { run: 'run-2', loggedModel: null }],
    ['a run without a path', 'runs:/run-1', RUN],
    ['a run of another server', 'runs://server/run-1/model', RUN],
    ['files of nobody', 'mlflow-artifacts:/7/run-1/artifacts', NOBODY],
    ['files of another run', 'mlflow-artifacts:/7/run-10/artifacts', RUN],
    ['files through the proxy', 'http://127.0.0.1/api/2.0/mlflow-artifacts/artifacts/7/run-1/artifacts', RUN],
    ['a model that was not named', 'models:/m-1', NOBODY],
    ['another model', 'models:/m-2', MODEL],
    ['a run, where a model is named', 'runs:/run-1/model', MODEL],
  ])('may not be %s', async (_, source, claim) => {
    await expect(checkSource(tracking, { source, ...claim })).rejects.toMatchObject({
      code: 'ORRERY_REGISTRY_SOURCE_INVALID',
    })
  })
})
