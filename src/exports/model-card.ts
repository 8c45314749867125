import type { FeatureSpec } from '#runtime/contract'
import { type Metrics, sha256Of, type VersionFacts } from './facts.ts'

/** `MODEL_CARD.md`: for people. The sections are those of Mitchell et al. 2019, "Model Cards for Model Reporting". */
export function modelCard(facts: VersionFacts): string {
  const { version } = facts
  const { model, signature, metrics, gates } = version
  return [
    `# ${model}, version ${version.version}`,
    ...(version.description ? ['', version.description] : []),
    '',
    '## Details',
    '',
    ...details(facts),
    '',
    '## What it takes',
    '',
    ...taken(signature),
    '',
    '## What it answers',
    '',
    answer(version.signature),
    '',
    '## Training data',
    '',
    trainingData(facts),
    '',
    '## Metrics',
    '',
    ...metricRows(metrics),
    '',
    '## Gates and certification',
    '',
    ...(gates.length === 0 ? ['No gate has judged it.'] : []),
    ...gates.map(
      ({ condition, passed, explanation }) => `- ${passed ? 'passed' : 'failed'}: ${condition} (${explanation})`,
    ),
    '',
    certification(version.certification),
    '',
    '## Caveats',
    '',
    '- This is one version alone. On a server, an endpoint may mix several, fill in features that a record leaves out, log',
    '  every answer and be rolled back; here nothing of that happens.',
    '- Nobody watches its inputs for drift. Ask for a newer version now and then.',
    '',
  ].join('\n')
}

function details({ version, run }: VersionFacts): string[] {
  const { project, state, code } = version
  return [
    `- task: ${version.signature.task}`,
    `- project: ${project ?? 'none'}`,
    `- state when exported: ${state}`,
    `- registered: ${new Date(version.createdAt).toISOString()} by ${version.by}`,
    `- training run: ${run ? `${run.name} (${run.id})` : 'none on this server'}`,
    `- code: ${code?.commit ?? code?.contentHash ?? 'unknown'}${code?.dirty ? ', with changes that were not committed' : ''}`,
    `- package: ONNX, sha256 ${sha256Of(version)}`,
  ]
}

function taken({ features, image }: VersionFacts['version']['signature']): string[] {
  if (!image) return ['| column | kind | values |', '|---|---|---|', ...features.map(featureRow)]
  const { width, height, channels, fit } = image
  const how = {
    fill: 'stretched to that shape',
    cover: 'cut out of the middle in that shape',
    contain: 'whole, with black bars',
  }
  return [
    `Pictures, JPEG or PNG of any size; it sees ${width} × ${height} pixels of them${channels === 1 ? ', grey' : ''}, ${how[fit]}.`,
  ]
}

function featureRow({ name, kind, categories, required }: FeatureSpec): string {
  const values = categories ? categories.slice(0, 12).join(', ') + (categories.length > 12 ? ', …' : '') : 'any'
  return `| ${cell(name)} | ${kind} | ${cell(values)}${required ? '; required' : ''} |`
}

/** A bar would end the cell, a line break the table. */
const cell = (text: string) => text.replaceAll('|', '\\|').replace(/\s+/g, ' ')

function answer({ task, classes, label }: VersionFacts['version']['signature']): string {
  if (task === 'regression') return `\`value\`: the predicted ${label}.`
  const of = task === 'binary' ? `P(${classes[1]})` : 'the probability of the most likely class'
  return `\`value\`: ${of}; \`label\`: the most likely class of ${label}; \`probabilities\`: of ${classes.join(', ')}.`
}

function trainingData({ version, data }: VersionFacts): string {
  if (!data) return 'Not a dataset of the server that exported this.'
  const until =
    version.trainedUntil === null ? '' : ` The youngest row is of ${new Date(version.trainedUntil).toISOString()}.`
  return `Version ${data.number} of ${data.dataset}, ${data.rows} rows, content ${data.contentHash}.${until}`
}

function metricRows(metrics: Metrics): string[] {
  const rows = Object.entries(metrics)
  if (rows.length === 0) return ['It was judged on no rows.']
  const figure = (value: number | null) => (value === null ? '' : String(Number(value.toPrecision(4))))
  return [
    'On held-back rows, with 95 % intervals.',
    '',
    '| metric | value | from | to |',
    '|---|---|---|---|',
    ...rows.map(
      ([name, { value, lower95, upper95 }]) =>
        `| ${name} | ${figure(value)} | ${figure(lower95)} | ${figure(upper95)} |`,
    ),
  ]
}

function certification(signed: VersionFacts['version']['certification']): string {
  if (!signed) return 'Nobody has certified it.'
  const how = signed.automatic ? ' by rule' : ''
  return `Certified${how} by ${signed.by} on ${new Date(signed.at).toISOString()}${signed.note ? `: ${signed.note}` : '.'}`
}
