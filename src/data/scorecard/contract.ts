import { z } from 'zod'

/** `unknown`: nothing to compute it from; the measure says what is missing. */
export const Grade = z.enum(['A', 'B', 'C', 'D', 'E', 'unknown'])
export type Grade = z.infer<typeof Grade>

export const Measure = z.object({
  name: z.string(),
  value: z.number().nullable(),
  unit: z.enum(['share', 'count', 'milliseconds', 'score']),
  formula: z.string().describe('How it was computed, with its source.'),
  observed: z.string().describe('What it came to, in words.'),
  grade: Grade,
  todo: z.string().nullable().describe('What would make it better.'),
})
export type Measure = z.infer<typeof Measure>

export const CHARACTERISTICS = ['accuracy', 'completeness', 'reliability', 'relevance', 'timeliness'] as const

export const Characteristic = z.object({
  name: z.enum(CHARACTERISTICS),
  question: z.string(),
  grade: Grade.describe('The worst of its measures: a chain is as strong as its weakest link.'),
  measures: z.array(Measure),
})
export type Characteristic = z.infer<typeof Characteristic>

/** A row whose label the others do not bear out. */
export const LabelSuspect = z.object({
  row: z.int().describe('From 1.'),
  given: z.string(),
  suggested: z.string(),
  confidence: z.number().describe('Of the suggestion, out of fold.'),
})
export type LabelSuspect = z.infer<typeof LabelSuspect>

/** The five characteristics of a version's data, each computed and explained. */
export const Scorecard = z.object({
  rows: z.int(),
  sampled: z.int().describe('Rows that label errors and relevance were computed on.'),
  characteristics: z.array(Characteristic),
  suspects: z.array(LabelSuspect).describe('The labels that are most likely wrong.'),
})
export type Scorecard = z.infer<typeof Scorecard>
