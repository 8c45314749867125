import { remotes, repositoryOf } from '#data/files'
import { WrongUse } from '../errors.ts'
import { DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'

const rootHere = () => repositoryOf(process.cwd()) ?? process.cwd()

/** Names a remote in the file that is committed for all who work with the repository. */
export async function addRemote(
  name: string,
  url: string,
  options: { endpoint?: string; region?: string; default?: boolean },
): Promise<number> {
  const { readRemotes, writeRemotes } = await remotes()
  if (!/^[a-z0-9][\w.-]*$/i.test(name))
    throw new WrongUse(`"${name}" is no name.`, 'Use letters, digits, dots and dashes.')
  if (/^[a-z0-9+]+:\/\/[^/@]*:[^/@]*@/i.test(url))
    throw new WrongUse(
      'The address has a password in it, and would be committed.',
      'Leave it out; set it in the environment.',
    )
  const known = readRemotes(rootHere())
  const { endpoint, region } = options
  const first = options.default || Object.keys(known.remotes).length === 0 ? name : known.default
  const address = { url, ...(endpoint && { endpoint }), ...(region && { region }) }
  writeRemotes(rootHere(), { ...(first && { default: first }), remotes: { ...known.remotes, [name]: address } })
  console.log(`${GOOD} ${name} is ${url}; commit orrery.remotes.yaml`)
  return DONE
}

export async function removeRemote(name: string): Promise<number> {
  const { readRemotes, writeRemotes } = await remotes()
  const { default: first, remotes: known } = readRemotes(rootHere())
  if (!known[name]) throw new WrongUse(`There is no remote called ${name}.`, 'See them with `orrery data remote list`.')
  const { [name]: _, ...others } = known
  writeRemotes(rootHere(), { ...(first && first !== name && { default: first }), remotes: others })
  console.log(`${GOOD} ${name} is no remote any longer; what it holds is untouched`)
  return DONE
}

export async function listRemotes(options: { json?: boolean }): Promise<number> {
  const { readRemotes } = await remotes()
  const { default: first, remotes: known } = readRemotes(rootHere())
  if (options.json) printJson({ default: first ?? null, remotes: known })
  else for (const [name, { url }] of Object.entries(known)) console.log(`${name === first ? '*' : ' '} ${name}  ${url}`)
  return DONE
}
