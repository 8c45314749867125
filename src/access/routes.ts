import type { HttpServer } from '#platform/http'
import type { Access } from './access.ts'
import { accessRoutes } from './contract.ts'

export function mountAccess(http: HttpServer, access: Access): void {
  http.mount('access', accessRoutes, {
    whoAmI: async ({ principal }) => ({ name: principal.name, roles: [...principal.roles] }),
    listTokens: async () => ({ tokens: await access.tokens() }),
    createToken: ({ body }) => access.createToken(body.name, body.roles),
    revokeToken: async ({ params }) => ({ revoked: await access.revokeToken(params.id) }),
  })
}
