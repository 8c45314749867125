import type { Command } from 'commander'
import { WrongUse } from './errors.ts'

/** What may follow the words typed so far. */
interface Entry {
  /** `orrery token create`, without the program's own name. */
  readonly words: string
  readonly next: readonly string[]
}

/**
 * A script that completes commands and options; it knows the whole tree, so that pressing Tab starts no process.
 *
 * @throws WrongUse for another shell
 */
export function completionScript(program: Command, shell: string): string {
  const entries = [...entriesOf(program, [])]
  if (shell === 'bash') return bash(program.name(), entries)
  if (shell === 'zsh') return `autoload -U +X bashcompinit && bashcompinit\n${bash(program.name(), entries)}`
  throw new WrongUse(
    `There is no completion for ${shell}.`,
    'Write `orrery completion bash` or `orrery completion zsh`.',
  )
}

function* entriesOf(command: Command, words: readonly string[]): Generator<Entry> {
  const options = command.options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined))
  yield {
    words: words.join(' '),
    next: [...command.commands.map((sub) => sub.name()), ...options, '--help'],
  }
  for (const sub of command.commands) yield* entriesOf(sub, [...words, sub.name()])
}

function bash(program: string, entries: readonly Entry[]): string {
  const cases = entries.map(({ words, next }) => `    '${words}') next='${next.join(' ')}' ;;`)
  // Words that lead to no command are arguments: a prediction id, a path.
  const known = `|${entries.map(({ words }) => words).join('|')}|`
  return `# Put this into your shell's start-up file:  source <(${program} completion bash)
_${program}() {
  local words='' next='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    local longer="\${words:+$words }\${COMP_WORDS[i]}"
    [[ '${known}' == *"|$longer|"* ]] && words="$longer"
  done
  case "$words" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _${program} ${program}
`
}
