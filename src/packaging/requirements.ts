import type { ConvertedFlavor } from './mlmodel.ts'
import { RequirementRefused } from './errors.ts'

const MOST_LINES = 500

/** What the conversion needs beside what the model needs. */
const CONVERTERS: Record<ConvertedFlavor, readonly string[]> = {
  sklearn: ['mlflow', 'skl2onnx', 'onnxruntime'],
  lightgbm: ['mlflow', 'onnxmltools', 'skl2onnx', 'onnxruntime'],
  xgboost: ['mlflow', 'onnxmltools', 'skl2onnx', 'onnxruntime'],
}

/** A pipeline of scikit-learn may end in one of these, whose converters are elsewhere. */
const BOOSTERS = /^(lightgbm|xgboost)\b/i

/** `name[extra]==1.2, <2 ; marker`: nothing that leads anywhere but to the package index. */
const PLAIN =
  /^[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[A-Za-z0-9._,\s-]*\])?\s*([<>=!~]=?=?\s*[A-Za-z0-9.*+!_-]+\s*,?\s*)*(;[^@#]*)?$/

/**
 * The requirements of the environment that converts a model: its own, and the converters.
 * Only names and versions pass: an option, an address or a path would let whoever logged a model choose where the packages of
 * this machine come from.
 *
 * @throws RequirementRefused
 */
export function conversionRequirements(requirements: string, flavor: ConvertedFlavor): string {
  const lines = plainLines(requirements)
  const converters = [...CONVERTERS[flavor], ...(lines.some((line) => BOOSTERS.test(line)) ? ['onnxmltools'] : [])]
  return `${[...new Set([...lines, ...converters])].join('\n')}\n`
}

/**
 * The requirements of the environment that answers for a model in Python: its own, and what reads it.
 * @throws RequirementRefused
 */
export function servingRequirements(requirements: string): string {
  return `${[...new Set([...plainLines(requirements), 'mlflow', 'numpy', 'pandas'])].join('\n')}\n`
}

function plainLines(requirements: string): string[] {
  const lines = requirements
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(Boolean)
  if (lines.length > MOST_LINES) throw new RequirementRefused(`${lines.length} lines`, `more than ${MOST_LINES}`)
  for (const line of lines) {
    if (line.startsWith('-')) throw new RequirementRefused(line, 'an option, which a model may not set')
    if (!PLAIN.test(line)) throw new RequirementRefused(line, 'an address, a path or no requirement at all')
  }
  return lines
}
