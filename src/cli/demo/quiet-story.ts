import type { Progress, Story } from './story.ts'

/** Tells nothing but where things stand, to those who show it in their own way. */
export function quietStory(seen: { progress?: (progress: Progress) => void; working?: (what: string) => void }): Story {
  return {
    chapter: () => undefined,
    tell: () => undefined,
    progress: (progress) => seen.progress?.(progress),
    working: (what) => seen.working?.(what),
    close: () => undefined,
  }
}
