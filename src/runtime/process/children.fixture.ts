import { readdirSync, readFileSync } from 'node:fs'

/** The processes that a process of this machine started; Linux only. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        // After the name of the program, which may hold anything: state, then parent.
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1] === String(parent)
      } catch {
        return false
      }
    })
}
