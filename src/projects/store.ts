import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { CodeVersion } from './code.contract.ts'
import type { ProjectSpec } from './spec/complete.ts'

export interface StoredProject {
  name: string
  /** The text that was applied. */
  file: string
  spec: ProjectSpec
  /** Absolute. */
  folder: string
  canvas: string
  simulated: boolean
  code: CodeVersion
  appliedAt: number
  appliedBy: string
}

interface ProjectTables {
  projects_projects: {
    name: string
    file: string
    spec: string
    folder: string
    canvas: string
    simulated: number
    code: string
    applied_at: number
    applied_by: string
  }
}

export async function saveProject(tx: Tx, project: StoredProject): Promise<void> {
  const values = {
    file: project.file,
    spec: encodeJson(project.spec),
    folder: project.folder,
    canvas: project.canvas,
    simulated: project.simulated ? 1 : 0,
    code: encodeJson(project.code),
    applied_at: project.appliedAt,
    applied_by: project.appliedBy,
  }
  await tables<ProjectTables>(tx)
    .insertInto('projects_projects')
    .values({ name: project.name, ...values })
    .onConflict((c) => c.column('name').doUpdateSet(values))
    .execute()
}

export async function projectNamed(storage: Storage, name: string): Promise<StoredProject | undefined> {
  const row = await storage
    .reads<ProjectTables>()
    .selectFrom('projects_projects')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst()
  return row && fromRow(row)
}

export async function allProjects(storage: Storage): Promise<StoredProject[]> {
  const rows = await storage
    .reads<ProjectTables>()
    .selectFrom('projects_projects')
    .selectAll()
    .orderBy('name')
    .execute()
  return rows.map(fromRow)
}

/** Blocks that projects applied by an earlier release do not have. */
type Later = 'features' | 'batch'

/** A file that was applied before there were feature views has none. */
function specFrom(text: string): ProjectSpec {
  const spec = decodeJson<Omit<ProjectSpec, Later> & Partial<Pick<ProjectSpec, Later>>>(text)
  return { ...spec, features: spec.features ?? {}, batch: spec.batch ?? {} }
}

function fromRow(row: ProjectTables['projects_projects']): StoredProject {
  return {
    name: row.name,
    file: row.file,
    spec: specFrom(row.spec),
    folder: row.folder,
    canvas: row.canvas,
    simulated: row.simulated === 1,
    code: decodeJson<CodeVersion>(row.code),
    appliedAt: Number(row.applied_at),
    appliedBy: row.applied_by,
  }
}
