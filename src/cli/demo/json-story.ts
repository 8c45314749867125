import type { Story } from './story.ts'

const PROGRESS_EVERY_MS = 5_000

/** One JSON object a line. */
export function jsonStory(print: (line: string) => void = console.log): Story {
  const began = Date.now()
  let lastProgress = 0
  const write = (event: string, fields: Record<string, unknown>) =>
    print(JSON.stringify({ event, seconds: Math.round((Date.now() - began) / 100) / 10, ...fields }))
  return {
    chapter: (number, title) => write('chapter', { chapter: number, text: title }),
    tell: ({ event, day, text, data }) => write(event, { ...(day && { day }), text, ...data }),
    progress: ({ points, work: _, ...progress }) => {
      if (Date.now() - lastProgress < PROGRESS_EVERY_MS) return
      lastProgress = Date.now()
      const { value = null, reference = null } = points.at(-1) ?? {}
      write('progress', { ...progress, value, static: reference })
    },
    working: () => undefined,
    close: () => undefined,
  }
}
