import { createHash, randomBytes } from 'node:crypto'
import { ulid } from 'ulid'
import type { Authorize, Principal } from '#platform/http'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Role, Token } from './contract.ts'
import { ForeignPage, NotIdentified, NotPermitted, OpenAddressWithoutTokens } from './errors.ts'
import { isForeignPage, isLoopback } from './loopback.ts'
import { mayDo } from './permissions.ts'
import { allTokens, insertToken, revokeToken, tokenByHash } from './store.ts'

export interface Access {
  authorize: Authorize
  createToken(name: string, roles: readonly Role[]): Promise<Token & { secret: string }>
  revokeToken(id: string): Promise<boolean>
  tokens(): Promise<Token[]>
  /** A token for a process that this server starts. It is kept nowhere and ends with this process at the latest. */
  lendToken(name: string, roles: readonly Role[]): { secret: string; end(): void }
  /** Throws `OpenAddressWithoutTokens` where `host` is reachable from outside and nobody could be told apart. */
  checkAddress(host: string): Promise<void>
}

/** On a loopback address whoever reaches the server owns the machine's account anyway. */
const LOCAL_USER: Principal = { name: 'local', roles: ['admin'] }
const NOBODY: Principal = { name: 'public', roles: [] }

export function openAccess({ storage, clock, host }: { storage: Storage; clock: Clock; host: string }): Access {
  // Tokens change rarely and every request carries one: known hashes are remembered until one is revoked.
  const known = new Map<string, Principal>()
  const lent = new Map<string, Principal>()

  async function principalOf(authorization: string | undefined): Promise<Principal | undefined> {
    const secret = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1]
    if (!secret) return undefined
    const hash = hashOf(secret)
    const remembered = known.get(hash) ?? lent.get(hash)
    if (remembered) return remembered
    const token = await tokenByHash(storage, hash)
    if (!token) return undefined
    const principal = { name: token.name, roles: token.roles }
    known.set(hash, principal)
    return principal
  }

  /** Nobody needs a token on loopback, apart from a page of somebody else's that a browser on this machine shows. */
  function localUser(from: { host: string | undefined; origin: string | undefined }): Principal | undefined {
    if (!isLoopback(host)) return undefined
    if (isForeignPage(from)) throw new ForeignPage(from.origin ?? from.host ?? '')
    return LOCAL_USER
  }

  return {
    authorize: async ({ authorization, ...from }, permission) => {
      if (permission === 'public') return NOBODY
      const principal = authorization ? await principalOf(authorization) : localUser(from)
      if (!principal) throw new NotIdentified()
      if (!mayDo(principal.roles, permission)) throw new NotPermitted(principal.name, principal.roles, permission)
      return principal
    },
    createToken: async (name, roles) => {
      const secret = newSecret()
      const token: Token = { id: ulid(), name, roles: [...roles], createdAt: clock.now(), revokedAt: null }
      await storage.write((tx) => insertToken(tx, { ...token, hash: hashOf(secret) }))
      return { ...token, secret }
    },
    revokeToken: async (id) => {
      const revoked = await storage.write((tx) => revokeToken(tx, id, clock.now()))
      known.clear()
      return revoked
    },
    tokens: () => allTokens(storage),
    lendToken: (name, roles) => {
      const secret = newSecret()
      lent.set(hashOf(secret), { name, roles })
      return { secret, end: () => void lent.delete(hashOf(secret)) }
    },
    checkAddress: async (address) => {
      if (isLoopback(address)) return
      const live = (await allTokens(storage)).filter((token) => token.revokedAt === null)
      if (live.length === 0) throw new OpenAddressWithoutTokens(address)
    },
  }
}

const newSecret = () => `orr_${randomBytes(24).toString('base64url')}`

/** A token has 192 random bits: one round of sha256 cannot be searched. */
const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')
