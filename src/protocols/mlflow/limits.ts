import type { MetricValue } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import type { KeyValue } from './messages.ts'

/** The original's limits, and its habit of cutting long values instead of refusing them. */
const LIMITS = {
  key: 250,
  param: 6_000,
  tag: 8_000,
  experimentName: 500,
  experimentTag: 20_000,
  inputTagKey: 255,
  inputTagValue: 500,
  metricsPerBatch: 1_000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  valuesPerBatch: 1_000,
} as const

type Pair = readonly [string, string]

export function checkedParam({ key, value }: KeyValue): Pair {
  return [checkedKey(key), checkedText('value', cut(value, LIMITS.param))]
}

export function checkedTag({ key, value }: KeyValue): Pair {
  return [checkedKey(key), checkedText('value', cut(value, LIMITS.tag))]
}

/** A tag that comes with a new run may have any name: the original looks at those that are set later only. */
export function checkedFirstTag({ key, value }: KeyValue): Pair {
  return [checkedText('key', key), checkedText('value', cut(value, LIMITS.tag))]
}

/** Params of a logged model may have any name. */
export function checkedModelParam({ key, value }: KeyValue): Pair {
  return [checkedText('key', key), checkedText('value', cut(value, LIMITS.param))]
}

/** The name is part of an address: `models:/<name>/1`. */
export function checkedModelName(name: string | undefined): string | undefined {
  if (name && /[/:.%"'\0]/.test(name))
    throw new ParameterInvalid(`Invalid model name '${name.slice(0, 300)}': it must not have any of / : . % " '.`)
  return name
}

export function checkInputTag({ key, value }: KeyValue): void {
  checkLength('key', checkedText('key', key), LIMITS.inputTagKey)
  checkLength('value', checkedText('value', value), LIMITS.inputTagValue)
}

export function checkedExperimentTag({ key, value }: KeyValue): Pair {
  checkLength('value', checkedText('value', value), LIMITS.experimentTag)
  return [checkedKey(key), value]
}

export function checkedExperimentName(name: string): string {
  if (name === '') throw new ParameterInvalid("Invalid experiment name: ''.")
  checkLength('name', checkedText('name', name), LIMITS.experimentName)
  return name
}

export function checkedMetric(metric: MetricValue): MetricValue {
  checkedKey(metric.key)
  if (metric.at < 0) throw new ParameterInvalid(`The timestamp of metric "${metric.key}" must not be negative.`)
  return metric
}

export function checkBatch(batch: {
  metrics: readonly unknown[]
  params: readonly KeyValue[]
  tags: readonly unknown[]
}): void {
  const { metrics, params, tags } = batch
  checkCount('metrics', metrics.length, LIMITS.metricsPerBatch)
  checkCount('params', params.length, LIMITS.paramsPerBatch)
  checkCount('tags', tags.length, LIMITS.tagsPerBatch)
  checkCount('metrics, params, and tags', metrics.length + params.length + tags.length, LIMITS.valuesPerBatch)
  const keys = new Set<string>()
  for (const { key } of params) {
    if (keys.has(key)) throw new ParameterInvalid(`Duplicate parameter keys have been submitted: "${key}".`)
    keys.add(key)
  }
}

/** Names of params, metrics and tags: they may become names of files, so none may lead to another one. */
function checkedKey(key: string): string {
  if (key === '') throw new ParameterInvalid('A key name must be provided.')
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(key))
    throw new ParameterInvalid(
      `Invalid name "${key.slice(0, 300)}": names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`,
    )
  const names = key.split('/')
  if (names.some((name) => name === '' || name === '.' || name === '..') || names[0]!.startsWith('..'))
    throw new ParameterInvalid(`Invalid name "${key.slice(0, 300)}": as the name of a file it would be another one.`)
  checkLength('key', key, LIMITS.key)
  return key
}

/** PostgreSQL keeps no NUL, and no database half a character. */
function checkedText(what: string, text: string): string {
  if (text.includes('\0') || !text.isWellFormed()) throw new ParameterInvalid(`The ${what} is no valid text.`)
  return text
}

/** Characters that take two places in JavaScript's texts count as one, as in Python, and are not cut in two. */
function cut(value: string, limit: number): string {
  return value.length <= limit ? value : [...value.slice(0, 2 * limit)].slice(0, limit).join('')
}

function checkLength(what: string, value: string, limit: number): void {
  if (value.length > limit && [...value].length > limit)
    throw new ParameterInvalid(`'${what}' exceeds the maximum length of ${limit} characters.`)
}

function checkCount(what: string, count: number, limit: number): void {
  if (count > limit)
    throw new ParameterInvalid(
      `A batch logging request can contain at most ${limit} ${what}. Got ${count} ${what}.`,
      'Split them across multiple requests.',
    )
}
