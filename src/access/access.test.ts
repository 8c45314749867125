import { expect, it } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { accessMigrations, hasRole, mayDo, openAccess } from './index.ts'

const from = (authorization?: string, host = '127.0.0.1:7979', origin?: string) => ({ authorization, host, origin })

onEveryDatabase('access', accessMigrations, (storage) => {
  const open = (host: string) => openAccess({ storage: storage(), clock: systemClock, host })

  it('lets the local user do everything on loopback, and nobody without a token anywhere else', async () => {
    expect(await open('127.0.0.1').authorize(from(), 'registry:certify')).toMatchObject({ name: 'local' })
    await expect(open('0.0.0.0').authorize(from(), 'registry:read')).rejects.toMatchObject({
      code: 'ORRERY_ACCESS_NOT_IDENTIFIED',
      status: 401,
    })
    expect(await open('0.0.0.0').authorize(from(), 'public')).toMatchObject({ roles: [] })
  })

  it('refuses a page of another site, by its origin or by a name that was bent to this machine', async () => {
    const access = open('127.0.0.1')
    const refused = { code: 'ORRERY_ACCESS_FOREIGN_PAGE', status: 403 }
    await expect(
      access.authorize(from(undefined, '127.0.0.1:7979', 'https://evil.example'), 'x:read'),
    ).rejects.toMatchObject(refused)
    await expect(access.authorize(from(undefined, 'evil.example:7979'), 'x:read')).rejects.toMatchObject(refused)
    await expect(access.authorize(from(undefined, '127.0.0.1:7979', 'null'), 'x:read')).rejects.toMatchObject(refused)
    await expect(
      access.authorize(from(undefined, 'localhost:7979', 'http://localhost:5173'), 'x:read'),
    ).resolves.toBeDefined()
    await expect(access.authorize(from(undefined, '[::1]:7979'), 'x:read')).resolves.toBeDefined()
  })

  it('knows a token by its secret until it is revoked, and keeps no secret', async () => {
    const access = open('0.0.0.0')
    const token = await access.createToken('ci', ['engineer'])
    const bearer = `Bearer ${token.secret}`
    expect(await access.authorize(from(bearer), 'pipelines:run')).toEqual({ name: 'ci', roles: ['engineer'] })
    await expect(access.authorize(from(bearer), 'registry:certify')).rejects.toMatchObject({
      code: 'ORRERY_ACCESS_NOT_PERMITTED',
      status: 403,
    })
    expect(JSON.stringify(await access.tokens())).not.toContain(token.secret)
    expect(await access.revokeToken(token.id)).toBe(true)
    expect(await access.revokeToken(token.id)).toBe(false)
    await expect(access.authorize(from(bearer), 'pipelines:run')).rejects.toMatchObject({ status: 401 })
  })

  it('lends a token to a process of its own, and keeps it nowhere', async () => {
    const access = open('0.0.0.0')
    const lent = access.lendToken('pipeline-churn', ['engineer'])
    const bearer = `Bearer ${lent.secret}`
    expect(await access.authorize(from(bearer), 'tracking:write')).toEqual({
      name: 'pipeline-churn',
      roles: ['engineer'],
    })
    expect((await access.tokens()).map((token) => token.name)).not.toContain('pipeline-churn')
    await expect(open('0.0.0.0').authorize(from(bearer), 'tracking:write')).rejects.toMatchObject({ status: 401 })
    lent.end()
    await expect(access.authorize(from(bearer), 'tracking:write')).rejects.toMatchObject({ status: 401 })
  })

  it('does not take a wrong token for the local user', async () => {
    await expect(open('127.0.0.1').authorize(from('Bearer nonsense'), 'x:read')).rejects.toMatchObject({ status: 401 })
  })

  it('listens beyond loopback only once somebody can be told apart', async () => {
    const access = open('0.0.0.0')
    for (const token of await access.tokens()) await access.revokeToken(token.id)
    await expect(access.checkAddress('0.0.0.0')).rejects.toMatchObject({ code: 'ORRERY_ACCESS_OPEN_ADDRESS' })
    await expect(access.checkAddress('127.0.0.1')).resolves.toBeUndefined()
    await access.createToken('ops', ['admin'])
    await expect(access.checkAddress('0.0.0.0')).resolves.toBeUndefined()
  })
})

it('gives each role what it is for, and no more', () => {
  expect(mayDo(['qa'], 'registry:certify')).toBe(true)
  expect(mayDo(['engineer'], 'registry:certify')).toBe(false)
  expect(mayDo(['app'], 'serving:predict')).toBe(true)
  expect(mayDo(['app'], 'serving:read')).toBe(false)
  expect(mayDo(['app'], 'tracing:send')).toBe(true)
  expect(mayDo(['app'], 'tracing:write')).toBe(false)
  expect(mayDo(['engineer'], 'tracing:send')).toBe(true)
  expect(mayDo(['viewer'], 'deployments:write')).toBe(false)
  expect(mayDo(['unheard-of'], 'registry:read')).toBe(false)
  expect(hasRole(['admin'], 'qa')).toBe(true)
})
