import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'

export const Role = z.enum(['admin', 'engineer', 'qa', 'app', 'viewer'])
export type Role = z.infer<typeof Role>

export const Token = z.object({
  id: z.string(),
  name: z.string().describe('The service account that requests with this token act as.'),
  roles: z.array(Role),
  createdAt: z.number(),
  revokedAt: z.number().nullable(),
})
export type Token = z.infer<typeof Token>

export const accessRoutes = defineRoutes({
  whoAmI: {
    method: 'GET',
    path: '/api/me',
    permission: 'access:self',
    summary: 'The identity this request has.',
    reply: z.object({ name: z.string(), roles: z.array(z.string()) }),
  },
  listTokens: {
    method: 'GET',
    path: '/api/tokens',
    permission: 'access:admin',
    summary: 'Service accounts’ tokens; the secrets are not kept.',
    reply: z.object({ tokens: z.array(Token) }),
  },
  createToken: {
    method: 'POST',
    path: '/api/tokens',
    permission: 'access:admin',
    summary: 'A new token; its secret is shown once.',
    body: z.object({
      name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes'),
      roles: z.array(Role).min(1),
    }),
    reply: Token.extend({ secret: z.string() }),
    status: 201,
  },
  revokeToken: {
    method: 'DELETE',
    path: '/api/tokens/:id',
    permission: 'access:admin',
    summary: 'Ends a token at once.',
    params: z.object({ id: z.string() }),
    reply: z.object({ revoked: z.boolean() }),
  },
})
