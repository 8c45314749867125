import { NoRepository, pushChecks, remotes, repositoryOf } from '#data/files'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, GOOD, printJson } from '../output.ts'
import { counted, shortHash } from '../wording.ts'

interface Options {
  remote?: string
  range?: string
  prePush?: boolean
  install?: boolean
  json?: boolean
}

/** Says no where a commit refers to a version that the remote does not have. */
export async function check(options: Options): Promise<number> {
  const repository = repositoryOf(process.cwd())
  if (!repository) throw new NoRepository(process.cwd())
  const { findNotPushed, installHook } = await pushChecks()
  if (options.install) {
    const hook = await installHook(repository, [process.execPath, process.argv[1]!])
    console.log(`${GOOD} git asks \`orrery check\` before every push (${hook})`)
    return DONE
  }
  const scope = options.prePush
    ? ({ kind: 'push', lines: await readAll(process.stdin) } as const)
    : options.range
      ? ({ kind: 'range', range: options.range } as const)
      : ({ kind: 'staged' } as const)
  const { openRemote } = await remotes()
  const { checked, notPushed } = await findNotPushed(repository, scope, () =>
    openRemote(repository, options.remote, process.env),
  )
  if (options.json) printJson({ checked, notPushed })
  else {
    for (const { file, version } of notPushed)
      console.log(`${BAD} ${file}: version ${shortHash(version)} was not pushed`)
    if (notPushed.length > 0) console.log('  Push it first: orrery data push')
    else console.log(`${GOOD} ${counted(checked, 'version')} of data, each at the remote`)
  }
  return notPushed.length > 0 ? ANSWER_IS_NO : DONE
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}
