import { resolve } from 'node:path'
import { z } from 'zod'
import { OrreryError } from '#platform/errors'

/** Every setting, from flags, then `ORRERY_*` variables, then these defaults. `orrery config print` shows the result. */
export const Config = z.strictObject({
  home: z
    .string()
    .default('.orrery')
    .transform((path) => resolve(path))
    .describe('Folder with all state.'),
  host: z.string().default('127.0.0.1').describe('Address to listen on; beyond loopback only with tokens.'),
  port: z.coerce.number().int().min(0).max(65_535).default(7979).describe('Port to listen on; 0 takes a free one.'),
  grpcPort: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('Port for the Open Inference Protocol over gRPC; 0 takes a free one; no gRPC when absent.'),
  database: z.string().optional().describe('postgres://… ; a SQLite file in the home folder when absent.'),
  durability: z
    .enum(['full', 'process'])
    .default('full')
    .describe('full: an acknowledged write survives a power cut. process: it survives kill -9.'),
  models: z
    .enum(['auto', 'process'])
    .default('auto')
    .describe('auto: quick models answer beside HTTP, others in processes of their own. process: all in their own.'),
  deadline: z.coerce
    .number()
    .min(0.1)
    .max(3_600)
    .default(30)
    .describe('Seconds that a run of a model may take; the process of one that takes longer is replaced.'),
  modelmemory: z.coerce
    .number()
    .int()
    .min(1)
    .default(2_048)
    .describe('Megabytes of loaded models; above that the ones used longest ago leave, and load again when asked.'),
  onlineStore: z
    .string()
    .optional()
    .describe('Where online features are kept: redis://…, rediss://… or postgres://…; in the database when absent.'),
  joinCache: z.coerce
    .number()
    .int()
    .min(0)
    .default(4_096)
    .describe('Megabytes on disk for views kept in the order that joins of features read them in; 0 keeps none.'),
  webhooks: z
    .enum(['public', 'any'])
    .default('public')
    .describe('public: webhooks go to public https addresses only. any: also into networks of your own, and by http.'),
  log: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('warn').describe('Least level logged.'),
})
export type Config = z.output<typeof Config>

export class ConfigInvalid extends OrreryError {
  constructor(problems: string[]) {
    super({
      code: 'ORRERY_CONFIG_INVALID',
      status: 400,
      message: `The configuration cannot be used: ${problems.join('; ')}.`,
      hint: 'See every setting with `orrery config print`.',
    })
  }
}

/** @param flags what the command line says; `undefined` falls through to the environment */
export function readConfig(flags: Record<string, string | undefined>, env: NodeJS.ProcessEnv): Config {
  const written: Record<string, string> = {}
  for (const key of Object.keys(Config.shape)) {
    const value = flags[key] ?? env[variableOf(key)]
    if (value !== undefined && value !== '') written[key] = value
  }
  const parsed = Config.safeParse(written)
  if (parsed.success) return parsed.data
  throw new ConfigInvalid(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
}

/** `grpcPort` is `ORRERY_GRPC_PORT`. */
const variableOf = (key: string) => `ORRERY_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`

/** The configuration for people: passwords in addresses are masked. */
export function maskSecrets(config: Config): Record<string, unknown> {
  const masked = (address: string) => address.replace(/:[^:@/]+@/, ':***@')
  return {
    ...config,
    ...(config.database && { database: masked(config.database) }),
    ...(config.onlineStore && { onlineStore: masked(config.onlineStore) }),
  }
}
