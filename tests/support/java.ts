import { execFile, execFileSync } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PROJECT = fileURLToPath(new URL('../java/', import.meta.url))
const run = promisify(execFile)

/** Whether there are a JDK and Maven to build the Java program with. */
export const HAS_JAVA = (() => {
  try {
    execFileSync('javac', ['-version'], { stdio: 'ignore' })
    execFileSync('mvn', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** Builds the Java program of the tests, and runs one of its classes. @returns what it printed */
export async function runJava(main: string, args: readonly string[]): Promise<string> {
  const pom = join(PROJECT, 'pom.xml')
  const of = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12)
  // Outside of the repository, and found again by the next test run: Maven takes seconds to say that nothing changed.
  const folder = join(tmpdir(), `orrery-test-java-${of}`)
  await mkdir(folder, { recursive: true })
  const classpath = join(folder, 'classpath')
  const libraries = await readFile(classpath, 'utf8').catch(async () => {
    await run('mvn', ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${classpath}`], {
      maxBuffer: 16 * 1024 * 1024,
    })
    return readFile(classpath, 'utf8')
  })
  const source = join(PROJECT, 'src/main/java', `${main}.java`)
  await run('javac', ['-nowarn', '-d', folder, '-cp', libraries, source])
  const { stdout } = await run('java', ['-cp', `${folder}:${libraries}`, main, ...args])
  return stdout
}
