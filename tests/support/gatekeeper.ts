import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { leftBrightness } from '../../src/serving/pictures.fixture.ts'

/** A project of pictures without any Python: its model is known, and answers whether the left half of a frame is bright. */
const { image } = leftBrightness.signature

const PROJECT = `project: gatekeeper
data:
  frames:
    source: frames
    pictures: { width: 32, height: 32 }
    label: light
    positive: bright
    segments: []
    expect: [{ column: picture, unique: true }]
    split: { by: stratified, train: 40%, validation: 20%, test: 40% }
pipeline:
  train: { run: node train.mjs }
environments:
  staging: {}
deploy:
  brightness-gate: { environment: staging }
`

/** No training: the model is known. Any program may be a step. */
const TRAIN = `import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
writeFileSync(process.env.ORRERY_MODEL, Buffer.from(${JSON.stringify(Buffer.from(leftBrightness.bytes).toString('base64'))}, 'base64'))
writeFileSync(join(process.env.ORRERY_PICTURES, 'model.json'), '${JSON.stringify({ input: image!.input, layout: image!.layout, mean: image!.mean, std: image!.std, embedding: image!.embedding })}')
`

/** Shapes with grain, so that every way of rounding otherwise shows. */
export function drawn(seed: number, width: number, height: number, level: number) {
  let state = seed * 7919 + 1
  const data = Buffer.alloc(width * height * 3)
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)]
    data[i] = Math.max(
      0,
      Math.min(255, level + 60 * Math.sin(x / 9 + seed) * Math.cos(y / 7 + (i % 3)) + (state >>> 27)),
    )
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

/** The project with its frames, 20 dark ones and 20 bright ones. */
export async function writeGatekeeper(folder: string): Promise<void> {
  for (const [kind, level] of [
    ['dark', 60],
    ['bright', 170],
  ] as const) {
    await mkdir(join(folder, 'frames', kind), { recursive: true })
    for (let i = 0; i < 20; i++)
      await writeFile(join(folder, 'frames', kind, `${i}.jpg`), await drawn(i, 80, 60, level).jpeg().toBuffer())
  }
  await writeFile(join(folder, 'orrery.yaml'), PROJECT)
  await writeFile(join(folder, 'train.mjs'), TRAIN)
}
