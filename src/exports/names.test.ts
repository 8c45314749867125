import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { RUNTIME, SHARP, VIPS } from './exports.ts'
import { moduleNameOf, packageNameOf } from './names.ts'

it.each([
  ['price-up', 'price-up', 'price_up'],
  ['Price Up (v2)', 'price-up-v2', 'price_up_v2'],
  ['größe', 'gro-e', 'gro_e'],
  ['3d-model', '3d-model', 'model_3d_model'],
  ['class', 'class', 'model_class'],
  ['価格', 'model-export', 'model_export'],
  ['node_modules', 'model-node-modules', 'model_node_modules'],
  ['../../etc', 'etc', 'etc'],
  ['x'.repeat(300), 'x'.repeat(100), 'x'.repeat(100)],
])('%s becomes %s, and %s to Python', (model, name, module) => {
  expect(packageNameOf(model)).toBe(name)
  expect(moduleNameOf(model)).toBe(module)
})

it('asks for the runtime of this server, and for what decodes its pictures', () => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(dependencies['onnxruntime-node']).toBe(RUNTIME)
  expect(dependencies.sharp).toBe(SHARP)
  expect(sharp.versions.vips).toBe(VIPS)
})
