import { setTimeout as sleep } from 'node:timers/promises'
import type { FeaturesJob } from '#features/contract'
import { OrreryError } from '#platform/errors'
import type { Server } from '../server.ts'

/** Follows a job of the features room to its end. */
export async function finished(server: Server, id: string): Promise<FeaturesJob> {
  for (let pause = 50; ; pause = Math.min(1_000, pause * 1.5)) {
    const job = await server.getFeaturesJob({ params: { job: id } })
    if (job.state === 'succeeded') return job
    if (job.error) throw new OrreryError({ ...job.error, status: 422 })
    await sleep(pause)
  }
}
