import type { Artifact } from '#tracking/contract'

/** A folder with what lies in it, folders first. */
export interface Folder {
  readonly name: string
  readonly path: string
  readonly folders: Folder[]
  readonly files: Artifact[]
}

export function folderOf(artifacts: readonly Artifact[], path = ''): Folder {
  const folders = new Map<string, Artifact[]>()
  const files: Artifact[] = []
  for (const artifact of artifacts) {
    const rest = path === '' ? artifact.path : artifact.path.slice(path.length + 1)
    const slash = rest.indexOf('/')
    if (slash < 0) files.push(artifact)
    else {
      const name = rest.slice(0, slash)
      folders.set(name, [...(folders.get(name) ?? []), artifact])
    }
  }
  const below = [...folders].map(([name, inside]) => folderOf(inside, path === '' ? name : `${path}/${name}`))
  return { name: path.slice(path.lastIndexOf('/') + 1), path, folders: below, files }
}

export type Preview = 'text' | 'json' | 'table' | 'image' | 'none'

const IMAGES: Record<string, string> = {
  ...{ png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif' },
  ...{ webp: 'image/webp', svg: 'image/svg+xml', bmp: 'image/bmp', avif: 'image/avif' },
}
const TEXTS = new Set(
  'txt md rst log py r js ts java scala sql sh yaml yml toml ini cfg conf env html htm xml css tex jsonl diff patch lock dockerfile mlmodel mlproject'.split(
    ' ',
  ),
)
const BARE_TEXTS = new Set(['mlmodel', 'mlproject', 'dockerfile', 'makefile', 'license', 'readme'])

const extensionOf = (path: string) => /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase()

/** How a file is shown, by its name. */
export function previewOf(path: string): Preview {
  const extension = extensionOf(path)
  if (extension === undefined)
    return BARE_TEXTS.has(path.slice(path.lastIndexOf('/') + 1).toLowerCase()) ? 'text' : 'none'
  if (extension in IMAGES) return 'image'
  if (extension === 'json' || extension === 'geojson' || extension === 'ipynb') return 'json'
  if (extension === 'csv' || extension === 'tsv') return 'table'
  return TEXTS.has(extension) ? 'text' : 'none'
}

/** Only pictures are ever given a type: a browser that is told `text/html` would run what a run left behind. */
export const imageType = (path: string): string | undefined => IMAGES[extensionOf(path) ?? '']

export interface Cells {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A table as `mlflow.log_table` and pandas write it; undefined where JSON is something else. */
export function cellsOfJson(value: unknown): Cells | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { columns, data } = value as { columns?: unknown; data?: unknown }
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return undefined
  return { columns: columns.map(String), rows: data.map((row: unknown[]) => row.map(cell)) }
}

const cell = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))

/** RFC 4180, and the same with tabs. What is cut off at the end is left out. */
export function cellsOfText(text: string, separator: ',' | '\t', cut: boolean): Cells {
  const rows: string[][] = [[]]
  let value = ''
  let quoted = false
  const endValue = () => {
    rows.at(-1)!.push(value)
    value = ''
  }
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]!
    if (quoted) {
      if (sign !== '"') value += sign
      else if (text[i + 1] === '"') value += text[i++]
      else quoted = false
    } else if (sign === '"' && value === '') quoted = true
    else if (sign === separator) endValue()
    else if (sign === '\n') {
      endValue()
      rows.push([])
    } else if (sign !== '\r') value += sign
  }
  if (cut || (value === '' && rows.at(-1)!.length === 0)) rows.pop()
  else endValue()
  const [columns = [], ...rest] = rows
  return { columns, rows: rest }
}
