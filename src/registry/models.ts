import type { Model, ModelVersion } from './entities.contract.ts'
import { ModelExists, ModelUnknown } from './errors.ts'
import { openTeller } from './facts.ts'
import { checkModelFree } from './guard.ts'
import { checkDescription, checkModelName, checkTagKey, checkTags } from './names.ts'
import { type RegistryNeeds, requireModel } from './needs.ts'
import { changeModelTags, deleteModel, insertModel, listModels, modelRow, updateModel } from './store/models.ts'
import { type ModelSearch, searchModels } from './store/search.ts'
import { latestByStage } from './store/versions.ts'

/** What people say about a model or a version, as a change; a tag that becomes null is removed. */
export interface NotesChange {
  description?: string | undefined
  tags?: Readonly<Record<string, string | null>> | undefined
}

export interface Models {
  /** A model without versions yet. @throws NameInvalid, ModelExists */
  createModel(model: {
    name: string
    description?: string
    tags?: Readonly<Record<string, string>>
    by: string
  }): Promise<Model>
  /** @throws ModelUnknown */
  model(name: string): Promise<Model>
  /** Without prompts. @param where.project `none` for models of no project */
  models(where: { project?: string }): Promise<Model[]>
  searchModels(search: ModelSearch): Promise<Model[]>
  /** @throws NameInvalid, ModelUnknown, ModelExists, ModelInUse */
  renameModel(name: string, to: string, by: string): Promise<Model>
  /** @throws NameInvalid, ModelUnknown */
  describeModel(name: string, notes: NotesChange, by: string): Promise<Model>
  /** With all its versions. @throws ModelUnknown, ModelInUse where an endpoint serves it */
  deleteModel(name: string, by: string): Promise<void>
  /** The newest version of each of these models in each stage. */
  latestVersions(models: readonly string[]): Promise<ModelVersion[]>
}

export function openModels(needs: RegistryNeeds): Models {
  const { storage, clock, deploymentsOf } = needs
  const tell = openTeller(needs.events)

  async function required(name: string): Promise<Model> {
    const [model] = await listModels(storage, { names: [name] })
    if (!model) throw new ModelUnknown(name)
    return model
  }

  return {
    createModel: async ({ name, description = '', tags = {}, by }) => {
      checkModelName(name)
      checkDescription(description)
      checkTags(tags)
      await storage.write(async (tx) => {
        const now = clock.now()
        const model = { name, project: null, description, created_at: now, updated_at: now }
        if (!(await insertModel(tx, model))) throw new ModelExists(name)
        await changeModelTags(tx, name, tags)
        await tell.ofModel(tx, 'model_created', model, { by, description, tags })
      })
      return required(name)
    },
    model: required,
    models: (where) => listModels(storage, { ...where, withoutPrompts: true }),
    searchModels: (search) => searchModels(storage, search),
    renameModel: async (name, to, by) => {
      checkModelName(to, 'new_name')
      await storage.write(async (tx) => {
        const model = await requireModel(tx, name)
        checkModelFree(await deploymentsOf(tx, name), name, 'renamed')
        if (to !== name && (await modelRow(tx, to))) throw new ModelExists(to)
        await updateModel(tx, name, { name: to, updated_at: clock.now() })
        await tell.ofModel(tx, 'model_renamed', { ...model, name: to }, { by, before: name })
      })
      return required(to)
    },
    describeModel: async (name, { description, tags = {} }, by) => {
      if (description !== undefined) checkDescription(description)
      checkTagChange(tags)
      await storage.write(async (tx) => {
        const model = await requireModel(tx, name)
        if (description !== undefined) {
          await updateModel(tx, name, { description, updated_at: clock.now() })
          await tell.ofModel(tx, 'model_updated', model, { by, description })
        }
        await changeModelTags(tx, name, tags)
        for (const [key, value] of Object.entries(tags))
          await tell.ofModel(tx, value === null ? 'tag_deleted' : 'tag_set', model, {
            by,
            key,
            ...(value !== null && { value }),
          })
      })
      return required(name)
    },
    deleteModel: (name, by) =>
      storage.write(async (tx) => {
        const model = await requireModel(tx, name)
        checkModelFree(await deploymentsOf(tx, name), name, 'deleted')
        await deleteModel(tx, name)
        await tell.ofModel(tx, 'model_deleted', model, { by })
      }),
    latestVersions: (models) => latestByStage(storage, models),
  }
}

/** @throws NameInvalid */
export function checkTagChange(tags: Readonly<Record<string, string | null>>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (value === null) checkTagKey(key)
    else checkTags({ [key]: value })
  }
}
