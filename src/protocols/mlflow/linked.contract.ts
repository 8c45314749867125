/** What a run was given and what came out of it, kept as tags until it has a place of its own. Client-safe. */
export const INPUT_DATASET = 'orrery.input.dataset.'
export const INPUT_MODEL = 'orrery.input.model.'
export const OUTPUT_MODEL = 'orrery.output.model.'

export const datasetTag = ({ name, digest }: { name: string; digest: string }) => `${INPUT_DATASET}${digest}.${name}`
export const modelInputTag = (id: string) => `${INPUT_MODEL}${id}`
export const modelOutputTag = (id: string) => `${OUTPUT_MODEL}${id}`
