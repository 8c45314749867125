/**
 * Pictures of a running server's pages, for the README and for eyes: `node tests/ui/take-screenshots.ts <url> <project>
 * <folder>` writes each page at desktop and phone width, light and dark.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { deploymentRoutes } from '#deployments/contract'
import { createClient } from '#platform/http/contract'
import { servingRoutes } from '#serving/contract'
import { openBrowser } from './browser.ts'

const [url, project, folder] = process.argv.slice(2)
if (!url || !project || !folder) {
  console.error('node tests/ui/take-screenshots.ts <url> <project> <folder>')
  process.exit(2)
}

const { endpoints } = await createClient(deploymentRoutes, { baseUrl: url }).listEndpoints({ query: { project } })
const endpoint = endpoints.find((each) => each.environment === 'production') ?? endpoints[0]
const pages: Record<string, string> = {
  loop: `/${project}`,
  runs: `/${project}/runs`,
  profile: `/${project}/data`,
  expectations: `/${project}/data?view=expectations`,
  scorecard: `/${project}/data?view=scorecard`,
  changes: `/${project}/data?view=changes`,
  recipe: `/${project}/data?view=recipe`,
  sources: `/${project}/data/sources`,
  features: `/${project}/features`,
}
if (endpoint) {
  pages.endpoint = `/${project}/endpoints/${endpoint.name}`
  pages.monitors = `/${project}/monitors/${endpoint.name}`
  pages.model = `/${project}/models/${endpoint.model}`
  if (endpoint.champion !== null) pages.version = `${pages.model}/versions/${endpoint.champion}`
  const { predictions } = await createClient(servingRoutes, { baseUrl: url }).listPredictions({
    params: { endpoint: endpoint.name },
    query: { limit: 1, labelled: 'yes' },
  })
  if (predictions[0]) pages.trace = `/trace/${predictions[0].id}`
}

await mkdir(folder, { recursive: true })
const browser = await openBrowser()
for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [1280, 420]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, deviceScaleFactor: 2 })
    const page = await context.newPage()
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(url + path)
      await page.locator('h1').first().waitFor()
      await page.locator('[aria-busy]').first().waitFor({ state: 'detached' })
      const file = join(folder, `${name}-${colorScheme}-${width}.png`)
      await page.screenshot({ path: file, fullPage: true })
      console.log(file)
    }
    await context.close()
  }
await browser.close()
