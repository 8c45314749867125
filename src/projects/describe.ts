import type { StoredProject } from './store.ts'

const LONGEST = 240

/** What a project is for, in its owner's words: the first sentence of prose in its canvas. */
export function describeProject({ canvas }: Pick<StoredProject, 'canvas'>): string {
  const paragraph = canvas.split(/\n\s*\n/).find((text) => /^[A-Za-z"“]/.test(text.trim()))
  const prose = paragraph?.replace(/\s+/g, ' ').trim() ?? ''
  const sentence = /^.*?[.?!](?=\s|$)/.exec(prose)?.[0] ?? prose
  return sentence.length > LONGEST ? `${sentence.slice(0, LONGEST - 1)}…` : sentence
}
