import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../support/server.ts'
import { EXAMPLES, orrery } from './orrery.ts'

const CHURN = ['--file', join(EXAMPLES, 'churn', 'orrery.yaml')]

describe('tokens', () => {
  let folder: string
  let home: string
  let server: RunningServer
  const secrets: Record<string, string> = {}

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-tokens-'))
    home = join(folder, 'home')
  })
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const as = (role: string, ...args: string[]) =>
    orrery([...args, '--server', server.url], { env: { ORRERY_TOKEN: secrets[role]! } })

  it('are made in the home folder when no server runs, and asked of the server that holds it when one does', async () => {
    for (const role of ['admin', 'engineer', 'qa', 'viewer']) {
      if (role === 'qa') server = await startServer({ home })
      const { code, stdout, stderr } = await orrery(['token', 'create', `a-${role}`, '--role', role, '--home', home])
      expect(code, stderr).toBe(0)
      expect(stdout).toContain(role === 'qa' || role === 'viewer' ? server.url : home)
      secrets[role] = stdout.trim().split('\n').at(-1)!
      expect(secrets[role]).toMatch(/^orr_[\w-]{32}$/)
    }
    const { stdout } = await orrery(['token', 'list', '--home', home, '--json'])
    const { tokens } = JSON.parse(stdout)
    expect(tokens.map((token: { name: string }) => token.name).sort()).toEqual([
      'a-admin',
      'a-engineer',
      'a-qa',
      'a-viewer',
    ])
    expect(stdout).not.toContain(secrets.admin)
  })

  it('let each role do what it is for, and no more', async () => {
    expect((await as('viewer', 'status')).code).toBe(0)
    const refused = await as('viewer', 'apply', ...CHURN)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/ORRERY_ACCESS_NOT_PERMITTED {2}"a-viewer" \(viewer\) may not do projects:write/)
    expect((await as('engineer', 'apply', ...CHURN)).code).toBe(0)
    expect((await as('engineer', 'certify', 'churn-risk@1')).stderr).toContain('may not do registry:certify')
    // It may: there is just no such version.
    expect((await as('qa', 'certify', 'churn-risk@1')).stderr).not.toContain('may not do')
    expect((await as('qa', 'token', 'create', 'mine', '--role', 'admin')).stderr).toContain('may not do access:admin')
  })

  it('end at once when they are revoked', async () => {
    const listed = JSON.parse((await as('admin', 'token', 'list', '--json')).stdout)
    const { id } = listed.tokens.find((token: { name: string }) => token.name === 'a-viewer')
    expect((await as('admin', 'token', 'revoke', id)).code).toBe(0)
    expect((await as('viewer', 'status')).stderr).toContain('ORRERY_ACCESS_NOT_IDENTIFIED')
    expect((await as('admin', 'token', 'revoke', id)).code, 'revoked already').toBe(1)
  })

  it('have roles that exist', async () => {
    const { code, stderr } = await orrery(['token', 'create', 'x', '--role', 'king', '--home', home])
    expect(code).toBe(2)
    expect(stderr).toContain('admin, engineer, qa, app, viewer')
  })
})
