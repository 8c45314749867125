import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'
import { CodeVersion } from './code.contract.ts'

export const Project = z.object({
  name: z.string(),
  description: z.string().describe('The first sentence of the canvas.'),
  simulated: z.boolean().describe('Its world is a simulation, and every page says so.'),
  appliedAt: z.number(),
  appliedBy: z.string(),
})
export type Project = z.infer<typeof Project>

export const Change = z.object({
  op: z.enum(['add', 'change', 'remove']),
  path: z.string(),
  from: z.unknown(),
  to: z.unknown(),
  restarts: z.boolean(),
})

/** Where the server is not as the file says, and why; nothing of it is changed by applying the file. */
export const Drift = z.object({
  endpoint: z.string(),
  what: z.enum(['version', 'strategy', 'environment', 'paused', 'endpoint', 'graph']),
  file: z.string(),
  server: z.string(),
  why: z.string(),
})
export type Drift = z.infer<typeof Drift>

const Written = z.object({
  file: z.string().max(1_000_000).describe('The text of orrery.yaml.'),
  folder: z.string().max(4096).describe('The project folder, as an absolute path on the server’s machine.'),
  canvas: z.string().max(200_000).default(''),
  simulated: z.boolean().default(false),
})

export const projectRoutes = defineRoutes({
  listProjects: {
    method: 'GET',
    path: '/api/projects',
    permission: 'projects:read',
    summary: 'Projects, by name.',
    reply: z.object({ projects: z.array(Project) }),
  },
  getProject: {
    method: 'GET',
    path: '/api/projects/:project',
    permission: 'projects:read',
    summary: 'One project with its file as it was applied last.',
    params: z.object({ project: z.string() }),
    reply: Project.extend({
      file: z.string(),
      spec: z.record(z.string(), z.unknown()).describe('The file with every default filled in.'),
      folder: z.string(),
      canvas: z.string(),
      code: CodeVersion,
    }),
  },
  planProject: {
    method: 'POST',
    path: '/api/plan',
    permission: 'projects:read',
    summary: 'What applying this file would change, and where the server is not as it says.',
    body: Written,
    reply: z.object({
      project: z.string(),
      exists: z.boolean(),
      changes: z.array(Change),
      drift: z.array(Drift),
      code: CodeVersion,
    }),
  },
  applyProject: {
    method: 'POST',
    path: '/api/apply',
    permission: 'projects:write',
    summary: 'Makes the server follow this file; applying the same file again changes nothing.',
    body: Written,
    reply: z.object({ project: z.string(), changes: z.array(Change), code: CodeVersion }),
  },
})
