/**
 * The rooms in their order: a room may import only rooms before it, and only through their doors.
 * Pure rooms compute and touch nothing; they import other pure rooms only.
 */
export const PLATFORM = 'platform'
export const PURE = ['evaluation', 'preparation', 'trainer', 'worlds'] as const
export const ROOMS = [
  'access',
  'projects',
  'pictures',
  'data',
  'features',
  'runtime',
  'tracking',
  'tracing',
  'pipelines',
  'registry',
  'packaging',
  'exports',
  'webhooks',
  'deployments',
  'serving',
  'batch',
  'monitoring',
  'triggers',
  'governance',
  'loop',
  'protocols',
  'cli',
] as const
