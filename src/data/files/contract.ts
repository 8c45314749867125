import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'

/** A version of a folder or a file that `orrery data` made or brought here. */
export const FileVersion = z.object({
  id: z.string(),
  project: z.string(),
  dataset: z.string().describe('Path of the dataset in its repository.'),
  kind: z.enum(['folder', 'file']),
  version: z.string().describe('`sha256:…`: of the list of files, or of the bytes of a single file.'),
  files: z.int(),
  bytes: z.number(),
  parent: z.string().nullable().describe('The version that was there before.'),
  how: z.enum(['add', 'pull', 'import']),
  addedAt: z.number(),
})
export type FileVersion = z.infer<typeof FileVersion>

export const FileDataset = z.object({
  project: z.string(),
  name: z.string(),
  versions: z.int(),
  latest: FileVersion,
})
export type FileDataset = z.infer<typeof FileDataset>

export const FileEntry = z.object({
  path: z.string(),
  mode: z.enum(['file', 'executable', 'link']),
  size: z.number(),
  hash: z.string().describe('SHA-256 of the bytes in hex; empty for a link.'),
  target: z.string().optional(),
})

export const fileDatasetRoutes = defineRoutes({
  listFileDatasets: {
    method: 'GET',
    path: '/api/projects/:project/file-datasets',
    permission: 'data:read',
    summary: 'Datasets of files and folders, made by `orrery data`, each with its latest version.',
    params: z.object({ project: z.string() }),
    reply: z.object({ datasets: z.array(FileDataset) }),
  },
  listFileVersions: {
    method: 'GET',
    path: '/api/projects/:project/file-datasets/:dataset/versions',
    permission: 'data:read',
    summary: 'Versions of a dataset of files, newest first.',
    params: z.object({ project: z.string(), dataset: z.string() }),
    query: PageQuery,
    reply: z.object({ versions: z.array(FileVersion), next: z.string().nullable() }),
  },
  listFiles: {
    method: 'GET',
    path: '/api/file-versions/:version/files',
    permission: 'data:read',
    summary: 'The files of a version, in the order of their names.',
    params: z.object({ version: z.string().describe('The id of a version.') }),
    query: PageQuery,
    reply: z.object({ files: z.array(FileEntry), next: z.string().nullable() }),
  },
})
