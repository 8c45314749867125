import { describe, expect, it } from 'vitest'
import { placeOfFiles } from './files.ts'

describe('where the files of a version are', () => {
  it.each([
    ['a logged model', { loggedModel: 'm-1', location: 'mlflow-artifacts:/7/models/m-1/artifacts' }, 'm-1', undefined],
    ['a folder of a run', { loggedModel: null, location: 'runs:/r1/some/model' }, 'r1', 'some/model'],
    ['an artifact address', { loggedModel: null, location: 'mlflow-artifacts:/7/r1/artifacts/model' }, 'r1', 'model'],
  ])('finds %s', (_, version, owner, folder) => {
    expect(placeOfFiles(version)).toEqual({ owner, folder })
  })

  it('knows what is elsewhere', () => {
    expect(placeOfFiles({ loggedModel: null, location: 's3://bucket/model' })).toBeUndefined()
  })
})
