import type { AppliedViews } from './catalog-store.ts'
import type { FoundFeature } from './contract.ts'
import { isComputed } from './definition.ts'

/** How well a word fits, best first: it is the name, begins it, stands in it, or is only said in the words about it. */
const FITS = [8, 4, 2, 1] as const

/**
 * Features that have every word of a question in their name, their view, its keys, owner or project, or in what is said
 * of them; those whose own name fits best come first. Without a word, all of them.
 */
export function searchFeatures({ stored, onDemand }: AppliedViews, question: string): FoundFeature[] {
  const words = question.toLowerCase().split(/\s+/).filter(Boolean)
  const keysOf = (project: string, views: readonly { name: string }[]) => {
    const behind = stored.filter(
      (one) => one.project === project && views.some(({ name }) => name === one.definition.name),
    )
    return [...new Set(behind.flatMap(({ definition }) => definition.entities))]
  }
  const found = [...stored, ...onDemand].flatMap(({ project, number: version, definition }) => {
    const entities = isComputed(definition) ? keysOf(project, definition.sources.views) : definition.entities
    const online = isComputed(definition) || definition.online
    return definition.columns.flatMap(({ name, type, description }) => {
      const { name: view, owner } = definition
      const about = [view, owner, project, ...entities, definition.description, description].join('\n').toLowerCase()
      const fits = words.map((word) => fitOf(word, name.toLowerCase(), about))
      if (fits.includes(0)) return []
      const feature: FoundFeature = {
        ...{ project, view, version, feature: name, type, owner, online, entities: [...entities] },
        description: description || definition.description,
      }
      return [{ feature, fit: fits.reduce((sum, fit) => sum + fit, 0) }]
    })
  })
  return found.sort((a, b) => b.fit - a.fit).map(({ feature }) => feature)
}

function fitOf(word: string, name: string, about: string): number {
  if (name === word) return FITS[0]
  if (name.startsWith(word)) return FITS[1]
  if (name.includes(word)) return FITS[2]
  return about.includes(word) ? FITS[3] : 0
}
