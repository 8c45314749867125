import { open } from 'node:fs/promises'
import { z } from 'zod'
import { Signature, TensorSpec } from './contract.ts'
import { GraphInputs, GraphStep } from './graph/contract.ts'

/**
 * A package of several files in one: eight letters, the length of the header (32 bits, little-endian), the header as JSON, and the
 * files one after the other. What is no bundle is an ONNX file.
 */
const MAGIC = 'ORRERYB1'
const LARGEST_HEADER = 16 * 1024 * 1024

const SafePath = z
  .string()
  .min(1)
  .max(1_000)
  .refine((path) => !path.startsWith('/') && !/[\\:\0]/.test(path) && !path.split('/').some((part) => part === '..'))

/** An ONNX file whose weights lie in others. */
const OnnxFiles = z.object({ kind: z.literal('onnx'), main: SafePath })

/** A model that Python answers for, in an environment of its own. */
export const PythonModel = z.object({
  kind: z.literal('python'),
  /** The folder of the model as MLflow logged it. */
  model: SafePath,
  /** The exact packages of its environment. */
  lock: z.string(),
  python: z.string().nullable(),
  inputs: z.array(TensorSpec.extend({ type: z.string() })),
  /** Of the one matrix that it takes in place of columns. */
  dtype: z.string().nullable(),
  output: z.object({
    name: z.enum(['prediction', 'probabilities']),
    /** What `predict` gives: numbers, P(positive), a column per class, or labels. */
    gives: z.enum(['value', 'positive', 'probabilities', 'label']),
    classes: z.array(z.string()),
  }),
})
export type PythonModel = z.infer<typeof PythonModel>

/** Models that answer together; each part is a package of its own. */
export const GraphPackage = z.object({
  kind: z.literal('graph'),
  parts: z.record(z.string(), z.object({ file: SafePath, of: z.string(), signature: Signature })),
  inputs: GraphInputs.optional(),
  answer: GraphStep,
})
export type GraphPackage = z.infer<typeof GraphPackage>

const Manifest = z.discriminatedUnion('kind', [OnnxFiles, PythonModel, GraphPackage])
export type BundleManifest = z.infer<typeof Manifest>

const Header = z.object({
  manifest: Manifest,
  files: z.array(z.object({ path: SafePath, bytes: z.number().int().min(0) })).max(10_000),
})

export interface Bundle {
  readonly manifest: BundleManifest
  readonly files: ReadonlyMap<string, Uint8Array>
}

export function writeBundle({ manifest, files }: Bundle): Uint8Array {
  const listed = [...files].map(([path, content]) => ({ path, bytes: content.byteLength }))
  const header = Buffer.from(JSON.stringify({ manifest, files: listed }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.byteLength)
  return Buffer.concat([Buffer.from(MAGIC), length, header, ...files.values()])
}

/** Whether the file of a package is a bundle. */
export async function isBundle(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0)
    return bytesRead === MAGIC.length && buffer.toString('latin1') === MAGIC
  } finally {
    await file.close()
  }
}

/**
 * The bundle in a package; `undefined` when it is none.
 * @throws Error when it begins as one and is broken
 */
export function readBundle(bytes: Uint8Array): Bundle | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (all.byteLength < MAGIC.length + 4 || all.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  const length = all.readUInt32LE(MAGIC.length)
  let offset = MAGIC.length + 4 + length
  if (length > LARGEST_HEADER || offset > all.byteLength) throw new Error('its header is cut short')
  const { manifest, files } = Header.parse(JSON.parse(all.toString('utf8', MAGIC.length + 4, offset)))
  const contents = new Map<string, Uint8Array>()
  for (const { path, bytes: size } of files) {
    if (offset + size > all.byteLength) throw new Error(`its file ${path} is cut short`)
    contents.set(path, all.subarray(offset, offset + size))
    offset += size
  }
  return { manifest, files: contents }
}
