import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'
import { TableDiff } from '../diff/contract.ts'
import { Scorecard } from '../scorecard/contract.ts'
import { ExpectationResult } from './expectation-result.ts'

const OneVersion = z.object({ version: z.string() })

/** How the expectations stood in one version. */
export const VersionChecks = z.object({
  version: z.string(),
  number: z.int(),
  rows: z.int(),
  createdAt: z.number(),
  quarantined: z.int(),
  expectations: z.array(ExpectationResult),
})
export type VersionChecks = z.infer<typeof VersionChecks>

export const dataQualityRoutes = defineRoutes({
  listChecks: {
    method: 'GET',
    path: '/api/projects/:project/datasets/:dataset/checks',
    permission: 'data:read',
    summary: 'How the expectations stood in the latest versions, newest first.',
    params: z.object({ project: z.string(), dataset: z.string() }),
    query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(30) }),
    reply: z.object({ versions: z.array(VersionChecks) }),
  },
  getExpectations: {
    method: 'GET',
    path: '/api/projects/:project/datasets/:dataset/expectations',
    permission: 'data:read',
    summary: 'What stands under `expect:` of a data set, in YAML.',
    params: z.object({ project: z.string(), dataset: z.string() }),
    reply: z.object({ yaml: z.string() }),
  },
  suggestExpectations: {
    method: 'GET',
    path: '/api/data-versions/:version/suggested-expectations',
    permission: 'data:read',
    summary: 'Expectations to begin with, in YAML: what a version was like, all of which hold for it.',
    params: OneVersion,
    reply: z.object({ yaml: z.string() }),
  },
  tryExpectations: {
    method: 'POST',
    path: '/api/data-versions/:version/try-expectations',
    permission: 'projects:write',
    summary: 'Whether expectations hold for the rows of a version; nothing is kept, no row is set aside.',
    params: OneVersion,
    body: z.object({ yaml: z.string().max(200_000).describe('A list as under `expect:`.') }),
    reply: z.object({ results: z.array(ExpectationResult) }),
  },
  getScorecard: {
    method: 'GET',
    path: '/api/data-versions/:version/scorecard',
    permission: 'data:read',
    summary: 'The five characteristics of a version, computed and explained. The first time it takes a while.',
    params: OneVersion,
    reply: Scorecard,
  },
  diffDataVersions: {
    method: 'GET',
    path: '/api/data-versions/:version/diff',
    permission: 'data:read',
    summary: 'What changed row by row since another version. The first time it takes a while.',
    params: OneVersion,
    query: z.object({
      against: z.string().describe('The id of the version before.'),
      key: z
        .string()
        .optional()
        .describe(
          'Columns that name a row, joined by commas; the identifier of the dataset when absent; a lone comma for none.',
        ),
    }),
    reply: TableDiff,
  },
  listQuarantined: {
    method: 'GET',
    path: '/api/data-versions/:version/quarantine',
    permission: 'data:read',
    summary: 'Rows that were set aside when the version was made, each with every reason.',
    params: OneVersion,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(500).default(50),
      offset: z.coerce.number().int().min(0).default(0),
    }),
    reply: z.object({
      rows: z.int().describe('All of them.'),
      columns: z.array(z.string()),
      quarantined: z.array(
        z.object({
          row: z.int().describe('Its number in the source, from 1.'),
          reasons: z.string(),
          cells: z.array(z.string().nullable()),
        }),
      ),
    }),
  },
})
