import { join } from 'node:path'
import pc from 'picocolors'
import type { Config } from '../../config.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, GOOD, printJson } from '../output.ts'
import { padded } from '../screen.ts'
import { counted } from '../wording.ts'
import type { Check } from './check.ts'
import { checkDatabase } from './database.ts'
import { checkHome, checkLock } from './home.ts'
import { checkClock, checkGit, checkNode, checkPackages, checkPages, checkPython } from './machine.ts'
import { checkPort } from './port.ts'

const SIGNS = { good: GOOD, warn: pc.yellow('●'), bad: BAD }

/** Looks at everything that keeps Orrery from working here, and names the fix. The answer is no where something is bad. */
export async function doctor(config: Config, json: boolean): Promise<number> {
  const checks = await look(config)
  const wrong = checks.filter((check) => check.state === 'bad')
  if (json) printJson({ healthy: wrong.length === 0, checks })
  else {
    for (const { name, state, found, fix } of checks) {
      console.log(`${SIGNS[state]} ${padded(name, 10)} ${found}`)
      if (fix) console.log(`  ${padded('', 10)} ${pc.dim('→')} ${fix}`)
    }
    const summary = wrong.length === 0 ? 'Nothing is wrong.' : `${counted(wrong.length, 'thing')} to mend.`
    console.log(`\n${summary}`)
  }
  return wrong.length === 0 ? DONE : ANSWER_IS_NO
}

async function look({ home, host, port, database }: Config): Promise<Check[]> {
  const kept = await checkDatabase(database, join(home, 'orrery.db'))
  return [
    checkNode(),
    checkPackages(),
    await checkPages(),
    ...(await checkHome(home)),
    await checkLock(home),
    kept.check,
    await checkPort(host, port),
    checkClock(Date.now(), kept.latest),
    await checkGit(),
    await checkPython(),
  ]
}
