import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type IForbiddenRuleType } from 'dependency-cruiser'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
// @ts-expect-error a configuration file without types
import config from '../../.dependency-cruiser.mjs'

const rules = config.forbidden as IForbiddenRuleType[]

/** The names of the rules that a tree of files breaks. */
async function broken(folder: string, files: Record<string, string>): Promise<string[]> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const { output } = await cruise(['src'], {
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden: rules },
    tsPreCompilationDeps: true,
  })
  if (typeof output === 'string') throw new Error('expected a result object')
  return [...new Set(output.summary.violations.map((violation) => violation.rule.name))]
}

describe('the walls between rooms', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-walls-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('let an import through a door of an earlier room pass', async () => {
    const files = {
      'src/registry/index.ts': 'export const a = 1\n',
      'src/serving/index.ts': "export { a } from '../registry/index.ts'\n",
    }
    expect(await broken(folder, files)).toEqual([])
  })

  it('stop an import past a door', async () => {
    const files = {
      'src/registry/store.ts': 'export const a = 1\n',
      'src/serving/index.ts': "export { a } from '../registry/store.ts'\n",
    }
    expect(await broken(folder, files)).toEqual(['registry-only-through-its-door'])
  })

  it('stop a call down the list of rooms', async () => {
    const files = {
      'src/serving/index.ts': 'export const a = 1\n',
      'src/registry/index.ts': "export { a } from '../serving/index.ts'\n",
    }
    expect(await broken(folder, files)).toEqual(['registry-imports-earlier-rooms-only'])
  })

  it('stop a cycle inside a room', async () => {
    const files = {
      'src/registry/a.ts': "import { b } from './b.ts'\nexport const a = () => b\n",
      'src/registry/b.ts': "import { a } from './a.ts'\nexport const b = () => a\n",
    }
    expect(await broken(folder, files)).toEqual(['no-cycle'])
  })

  it('stop a pure room from reaching for storage', async () => {
    const files = {
      'src/platform/storage/index.ts': 'export const a = 1\n',
      'src/evaluation/index.ts': "export { a } from '../platform/storage/index.ts'\n",
    }
    expect(await broken(folder, files)).toEqual(['pure-rooms-touch-nothing'])
  })

  it('stop a contract that brings server code to the pages', async () => {
    const files = {
      'src/registry/store.ts': 'export const a = 1\n',
      'src/registry/contract.ts': "export { a } from './store.ts'\n",
    }
    expect(await broken(folder, files)).toEqual(['contracts-are-client-safe'])
  })
})
