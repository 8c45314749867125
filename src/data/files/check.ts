import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { HookThere } from './errors.ts'
import { type CommittedPointer, git, pointersInHistory, pointersStaged } from './git.ts'
import { readPointer } from './pointer.ts'
import type { Remote } from './remotes/remote.ts'

/** Which commits are looked at: what the next one would have, a range, or what git is about to push. */
export type CheckScope = { kind: 'staged' } | { kind: 'range'; range: string } | { kind: 'push'; lines: string }

export interface NotPushed {
  readonly file: string
  readonly version: string
}

/** Versions that commits refer to and the remote does not have: who pulls those commits cannot check out their data. */
export async function findNotPushed(
  repository: string,
  scope: CheckScope,
  openRemote: () => Promise<Remote>,
): Promise<{ checked: number; notPushed: NotPushed[] }> {
  const committed = await pointersOf(repository, scope)
  const versions = new Map(committed.map(({ file, text }) => [readPointer(text, file).version, file]))
  if (versions.size === 0) return { checked: 0, notPushed: [] }
  const remote = await openRemote()
  const there = await remote.holds([...versions.keys()].map((version) => version.slice('sha256:'.length)))
  const notPushed = [...versions].flatMap(([version, file]) =>
    there.has(version.slice('sha256:'.length)) ? [] : [{ file, version }],
  )
  return { checked: versions.size, notPushed }
}

function pointersOf(repository: string, scope: CheckScope): Promise<CommittedPointer[]> {
  if (scope.kind === 'staged') return pointersStaged(repository)
  if (scope.kind === 'range') return pointersInHistory(repository, '--end-of-options', scope.range)
  return pushedPointers(repository, scope.lines)
}

/** What git tells a pre-push hook: a line for each reference, with what it will be and what it is at the other side. */
async function pushedPointers(repository: string, lines: string): Promise<CommittedPointer[]> {
  const found: CommittedPointer[] = []
  for (const line of lines.split('\n')) {
    const [, local, , there] = line.trim().split(/\s+/)
    // Zeros: a reference that is deleted, or that is new there.
    if (!local || !there || /^0+$/.test(local)) continue
    const known =
      !/^0+$/.test(there) &&
      (await git(repository, 'cat-file', '-e', there).then(
        () => true,
        () => false,
      ))
    found.push(...(await pointersInHistory(repository, local, '--not', ...(known ? [there] : ['--remotes']))))
  }
  return found
}

const MARK = '# Written by `orrery check --install`.'

/**
 * Lets git ask before every push. A hook of somebody else's is left alone.
 *
 * @param program Node and the script that it runs, for a shell that finds no `orrery` on its path
 */
export async function installHook(repository: string, program: readonly string[]): Promise<string> {
  const hook = resolve(repository, (await git(repository, 'rev-parse', '--git-path', 'hooks/pre-push')).trim())
  const line = 'orrery check --pre-push'
  if (existsSync(hook) && !readFileSync(hook, 'utf8').includes(MARK)) throw new HookThere(hook, line)
  mkdirSync(dirname(hook), { recursive: true })
  const [node, script] = program.map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
  const text = [
    ...['#!/bin/sh', MARK],
    `if command -v orrery >/dev/null; then exec ${line}; fi`,
    `if [ -x ${node} ] && [ -f ${script} ]; then exec ${node} ${script} check --pre-push; fi`,
    `echo 'orrery is not found, so it cannot be asked whether the data of these commits was pushed.' >&2`,
    `echo 'Put it on the PATH, or let "orrery check --install" write this hook anew.' >&2`,
    'exit 1\n',
  ].join('\n')
  writeFileSync(hook, text)
  chmodSync(hook, 0o755)
  return hook
}
