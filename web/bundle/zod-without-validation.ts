/**
 * What the pages' bundle holds in place of zod. The contracts' types reach the pages at compile time and their routes'
 * methods and paths at run time; the schemas in between are the server's work, and zod with them would be half of what the
 * browser loads. Building a schema here gives an inert value; validating with one fails, so that nobody relies on it.
 */
const VALIDATING = new Set<PropertyKey>(['parse', 'safeParse', 'parseAsync', 'safeParseAsync', 'decode', 'encode'])

const inert: unknown = new Proxy(() => undefined, {
  get: (_, property) => {
    if (VALIDATING.has(property))
      throw new Error(`Schemas are not in the pages' bundle: .${String(property)}() is for the server.`)
    return property === Symbol.toPrimitive ? () => '' : inert
  },
  apply: () => inert,
})

export const z = inert
export default inert
