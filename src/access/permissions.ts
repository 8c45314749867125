import type { Role } from './contract.ts'

/** What each role may do: `room:action`, with `*` for all. */
const GRANTS: Record<Role, readonly string[]> = {
  admin: ['*:*'],
  engineer: [
    '*:read',
    '*:write',
    'pipelines:run',
    'serving:predict',
    'serving:try',
    'serving:feedback',
    'tracing:send',
    'access:self',
  ],
  qa: ['*:read', 'registry:certify', 'serving:predict', 'serving:try', 'access:self'],
  // What an application in production does: it tells of itself, and reads and changes nothing.
  app: ['serving:predict', 'serving:feedback', 'tracing:send', 'access:self'],
  viewer: ['*:read', 'access:self'],
}

/** Whether any of the roles grants `permission` (`registry:certify`). */
export function mayDo(roles: readonly string[], permission: string): boolean {
  const [room, action] = permission.split(':')
  return roles.some((role) =>
    (GRANTS[role as Role] ?? []).some((grant) => {
      const [grantedRoom, grantedAction] = grant.split(':')
      return (grantedRoom === '*' || grantedRoom === room) && (grantedAction === '*' || grantedAction === action)
    }),
  )
}

/** Whether the roles include `role`; an admin holds every role. */
export function hasRole(roles: readonly string[], role: string): boolean {
  return roles.includes(role) || roles.includes('admin')
}
