import { execFileSync } from 'node:child_process'
import { Command } from 'commander'
import { expect, it } from 'vitest'
import { completionScript } from './completion.ts'

const program = new Command('orrery')
program.command('up').option('--home <folder>')
program.command('token').command('create').option('--role <role>')
const hasBash = (() => {
  try {
    execFileSync('bash', ['-c', 'type complete'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** What bash would offer at the end of these words. */
function offered(words: readonly string[]): string[] {
  const list = ['orrery', ...words].map((word) => `'${word}'`).join(' ')
  const script = `${completionScript(program, 'bash')}
COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _orrery; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n')
}

it.skipIf(!hasBash)('offers commands, then their commands and options, past arguments', () => {
  expect(offered([''])).toEqual(expect.arrayContaining(['up', 'token']))
  expect(offered(['to'])).toEqual(['token'])
  expect(offered(['token', ''])).toContain('create')
  expect(offered(['token', 'create', 'some-name', '--r'])).toEqual(['--role'])
  expect(offered(['up', '--home', '/tmp', '--h'])).toEqual(['--home', '--help'])
})

it('knows two shells', () => {
  expect(completionScript(program, 'zsh')).toContain('bashcompinit')
  expect(() => completionScript(program, 'fish')).toThrow('no completion for fish')
})
