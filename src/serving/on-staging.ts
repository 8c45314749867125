import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage } from '#platform/storage'
import type { Registry } from '#registry'
import { ModelBroken } from '#runtime'
import type { ReleaseReport } from './release-check.ts'
import { readRequests } from './release-requests.ts'
import type { Serving } from './serving.ts'

/** Runs the release checks of every version that enters staging, and tells what they found. */
export function checkStagedVersions(needs: {
  events: Events
  storage: Storage
  blobs: Blobs
  registry: Registry
  serving: Serving
}): void {
  const { events, storage, blobs, registry, serving } = needs
  events.subscribe('serving.release-checks', ['deployments.rollout_staging'], async ({ data, project, subject }) => {
    const model = String(data.model)
    const version = Number(data.version)
    const { releaseRequests } = await registry.packaged(model, version)
    const requests = readRequests(await blobs.get(releaseRequests))
    const report = await serving.checkRelease({ model, version, ...requests }).catch(brokenReport)
    const failed = report.checks.filter((check) => !check.passed)
    const shown = failed.length > 0 ? failed : report.checks
    await storage.write((tx) =>
      events.publish(tx, {
        type: 'serving.release_checked',
        project,
        subject,
        data: {
          model,
          version,
          passed: report.passed,
          note: shown.map((check) => check.explanation).join(' '),
          report,
        },
      }),
    )
  })
}

/** A package that cannot even be loaded is a verdict, not a fault of the check. */
function brokenReport(error: unknown): ReleaseReport {
  if (!(error instanceof ModelBroken)) throw error
  return {
    passed: false,
    checks: [{ name: 'loads', passed: false, explanation: error.message }],
    requests: 0,
    errors: 0,
    maxAbsDifference: null,
    p50Ms: null,
    p99Ms: null,
  }
}
