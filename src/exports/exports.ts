import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Data } from '#data'
import type { Blobs } from '#platform/blobs'
import type { Registry } from '#registry'
import { isBundle } from '#runtime'
import type { Tracking } from '#tracking'
import { archiveOf, type ExportFile } from './archive.ts'
import type { ExportForm } from './contract.ts'
import { ExportUnfit } from './errors.ts'
import { factsOf, json, lineageOf, sha256Of, type VersionFacts } from './facts.ts'
import { modelCard } from './model-card.ts'
import { moduleNameOf, packageNameOf, semanticVersion } from './names.ts'

export interface Exports {
  /**
   * A packaged version in one of the forms: the name of its file and its bytes, a `.tar.gz` made as it is read.
   *
   * @throws VersionUnknown, VersionNotPackaged, ExportUnfit, BlobMissing, BlobDamaged
   */
  archive(model: string, version: number, form: ExportForm): Promise<{ name: string; archive: Readable }>
}

/** What to do with a package that no single ONNX file holds. */
const INSTEAD: Record<'graph' | 'python', string> = {
  graph: 'Export its parts, each an ONNX file of its own, or use it as a service.',
  python: 'Take the model as it was logged from its artifacts, or use it as a service.',
}

/** ONNX Runtime of the same number answers with the same bits; that of this server, for npm and the Python index alike. */
export const RUNTIME = '1.30.0'

/** What decodes pictures here, and for Python the library below it: the same numbers round in the same places. */
export const SHARP = '0.35.5'
export const VIPS = '8.18.7'

export function openExports(needs: { registry: Registry; tracking: Tracking; data: Data; blobs: Blobs }): Exports {
  return {
    archive: async (model, version, form) => {
      const facts = await factsOf(needs, model, version)
      if (facts.version.signature.tensors)
        throw new ExportUnfit(`${model}@${version}`, 'it takes plain tensors, neither rows of columns nor pictures')
      const { format } = facts.version.package
      if (format !== 'onnx')
        throw new ExportUnfit(`${model}@${version}`, `its package is of the format ${format}`, INSTEAD[format])
      if (await isBundle(await needs.blobs.path(facts.version.package.hash)))
        throw new ExportUnfit(
          `${model}@${version}`,
          'its weights lie in files of their own',
          'Log it in one file (save_as_external_data=False), or use it as a service.',
        )
      const onnx = {
        path: 'model.onnx',
        from: await needs.blobs.path(facts.version.package.hash),
        size: facts.version.package.size,
      }
      const { folder, name, files } = await FORMS[form](facts, onnx)
      return { name, archive: archiveOf(folder, files) }
    },
  }
}

interface Laid {
  /** The folder inside of the archive; empty for files that lie at its top. */
  readonly folder: string
  readonly name: string
  readonly files: readonly ExportFile[]
}

const FORMS: Record<ExportForm, (facts: VersionFacts, onnx: ExportFile) => Promise<Laid>> = {
  npm: async (facts, onnx) => {
    const name = packageNameOf(facts.version.model)
    const version = semanticVersion(facts.version.version)
    return { folder: 'package', name: `${name}-${version}.tgz`, files: [...(await npmFiles(facts)), onnx] }
  },
  python: pythonPackage,
  oci: async (facts, onnx) => ({
    folder: '',
    name: `${packageNameOf(facts.version.model)}-${semanticVersion(facts.version.version)}-image.tar.gz`,
    files: [
      ...(await npmFiles(facts, { main: 'server.js', private: true })),
      await template('oci/server.js', 'server.js'),
      { path: 'Dockerfile', text: fill(await text('oci/Dockerfile'), facts) },
      await template('oci/dockerignore', '.dockerignore'),
      onnx,
    ],
  }),
}

/** What every form says of the model, for the code and for people. */
function aboutOf({ version: { model, version, signature, ...rest } }: VersionFacts) {
  const { task, features, classes, label, graph, image } = signature
  const takes = image ? { image } : { features }
  return { model, version, sha256: sha256Of(rest), task, label, classes, ...takes, ...(graph && { graph }) }
}

const papers = (facts: VersionFacts): ExportFile[] => [
  { path: 'MODEL_CARD.md', text: modelCard(facts) },
  { path: 'lineage.json', text: lineageOf(facts) },
]

async function npmFiles(facts: VersionFacts, more: Record<string, unknown> = {}): Promise<ExportFile[]> {
  const { model, version, signature } = facts.version
  const ofPictures = signature.image !== undefined
  const manifest = {
    name: packageNameOf(model),
    version: semanticVersion(version),
    description: `${model}, version ${version}: predict(records).`,
    ...more,
    type: 'module',
    engines: { node: '>=20' },
    exports: {
      ...(ofPictures
        ? { '.': { types: './index.d.ts', default: './index.js' } }
        : {
            '.': { types: './index.d.ts', browser: './web.js', default: './index.js' },
            './web': { types: './index.d.ts', default: './web.js' },
          }),
      './lineage.json': './lineage.json',
      './model.onnx': './model.onnx',
    },
    dependencies: { 'onnxruntime-node': RUNTIME, ...(ofPictures && { sharp: SHARP }) },
    // A browser decodes pictures otherwise: it would answer otherwise.
    ...(!ofPictures && {
      peerDependencies: { 'onnxruntime-web': RUNTIME },
      peerDependenciesMeta: { 'onnxruntime-web': { optional: true } },
    }),
  }
  const own = ofPictures
    ? ['index.js', 'index.d.ts', 'pictures.js'].map((name) => template(`npm-pictures/${name}`, name))
    : ['index.js', 'index.d.ts', 'web.js', 'columns.js'].map((name) => template(`npm/${name}`, name))
  return [
    { path: 'package.json', text: json(manifest) },
    { path: 'about.js', text: `export default ${JSON.stringify(aboutOf(facts), null, 2)}\n` },
    await template('npm/predictor.js', 'predictor.js'),
    await template('npm/record-invalid.js', 'record-invalid.js'),
    ...(await Promise.all(own)),
    { path: 'README.md', text: fill(await text(`${ofPictures ? 'npm-pictures' : 'npm'}/README.md`), facts) },
    ...papers(facts),
  ]
}

async function pythonPackage(facts: VersionFacts, onnx: ExportFile): Promise<Laid> {
  const name = packageNameOf(facts.version.model)
  const module = moduleNameOf(facts.version.model)
  const version = semanticVersion(facts.version.version)
  const own = facts.version.signature.image ? 'python-pictures' : 'python'
  const inside = (file: ExportFile): ExportFile => ({ ...file, path: `src/${module}/${file.path}` })
  const metadata = ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`, 'Requires-Python: >=3.11', '']
  return {
    folder: `${name.replaceAll('-', '_')}-${version}`,
    name: `${name.replaceAll('-', '_')}-${version}.tar.gz`,
    files: [
      { path: 'PKG-INFO', text: metadata.join('\n') },
      { path: 'pyproject.toml', text: fill(await text('python/pyproject.toml'), facts) },
      { path: 'README.md', text: fill(await text(`${own}/README.md`), facts) },
      inside(await template(`${own}/__init__.py`, '__init__.py')),
      inside(await template(`${own}/intake.py`, 'intake.py')),
      inside(await template('python/about.py', 'about.py')),
      inside(await template('python/predictor.py', 'predictor.py')),
      inside({ path: 'py.typed', text: '' }),
      inside({ path: 'about.json', text: json(aboutOf(facts)) }),
      ...papers(facts).map(inside),
      inside(onnx),
    ],
  }
}

/** A template's marks; everything else in them is the same for every model. */
function fill(template: string, { version: { model, version, signature } }: VersionFacts): string {
  const values: Record<string, string> = {
    MODEL: oneLine(model),
    VERSION: String(version),
    PACKAGE: packageNameOf(model),
    MODULE: moduleNameOf(model),
    SEMANTIC_VERSION: semanticVersion(version),
    RUNTIME,
    SHARP,
    VIPS,
    MORE_PYTHON: signature.image ? `, "pyvips>=3.2", "pyvips-binary==${VIPS}"` : '',
    RECORD: JSON.stringify(
      Object.fromEntries(
        signature.features.map(({ name, kind, categories }) => [
          name,
          kind === 'numeric' ? 0 : (categories?.[0] ?? ''),
        ]),
      ),
    ),
  }
  return template.replace(/\{\{([A-Z_]+)\}\}/g, (mark, key: string) => values[key] ?? mark)
}

/** A name stands in comments and quoted strings of other languages. */
const oneLine = (name: string) => name.replace(/[\s"\\`$]+/g, ' ')

const text = (name: string) => readFile(new URL(`templates/${name}`, import.meta.url), 'utf8')

const template = async (name: string, path: string): Promise<ExportFile> => ({ path, text: await text(name) })
