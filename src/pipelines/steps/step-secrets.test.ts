import { expect, it } from 'vitest'
import { parseProject } from '#projects'
import { secretsOfStep } from './step-secrets.ts'

const { environments } = parseProject(`project: a
data: { m: { source: m.csv, label: y } }
environments: { staging: { secrets: [STAGING_KEY] }, production: { secrets: [SHOP_PASSWORD] } }
`).spec
const server = { ORRERY_SECRET_STAGING_KEY: 'rehearsal', ORRERY_SECRET_SHOP_PASSWORD: 'hunter2222', OTHER: 'x' }

it('hands a step the secrets of the environment it names, and masks them in what it prints', () => {
  const found = secretsOfStep({ environments }, { secrets_of: 'production' }, server)
  expect(found.env).toEqual({ SHOP_PASSWORD: 'hunter2222' })
  expect(found.mask('logged in with hunter2222')).toBe('logged in with ***')
  expect((found.maskError(new Error('hunter2222 refused')) as Error).message).toBe('*** refused')
})

it('hands nothing to a step that names none, and says which is missing', () => {
  expect(secretsOfStep({ environments }, {}, server).env).toEqual({})
  expect(() => secretsOfStep({ environments }, { secrets_of: 'staging' }, {})).toThrow('STAGING_KEY')
})

it('refuses an environment that is not there', () => {
  const file =
    'project: a\ndata: { m: { source: m.csv, label: y } }\npipeline: { load: { run: make, secrets_of: prod } }\n'
  expect(() => parseProject(file)).toThrow(/there is no environment "prod"/)
})
