import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { RemoteUnknown } from '../errors.ts'
import type { S3Access } from './s3-client.ts'

interface GivenAccess {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly accessKey?: string | undefined
  readonly secretKey?: string | undefined
}

/** What is not given comes from the environment, as for Amazon's own tools. */
export function s3AccessFrom(
  { endpoint, region, accessKey, secretKey }: GivenAccess,
  env: NodeJS.ProcessEnv,
): Omit<S3Access, 'bucket'> {
  const profile = accessKey || env.AWS_ACCESS_KEY_ID ? {} : profileFrom(env)
  const accessKeyId = accessKey ?? env.AWS_ACCESS_KEY_ID ?? profile.aws_access_key_id
  const secretAccessKey = secretKey ?? env.AWS_SECRET_ACCESS_KEY ?? profile.aws_secret_access_key
  if (!accessKeyId || !secretAccessKey)
    throw new RemoteUnknown(
      'There are no credentials for S3.',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for ~/.aws/credentials.',
    )
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: accessKey ? undefined : (env.AWS_SESSION_TOKEN ?? profile.aws_session_token),
    region: region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? profile.region ?? 'us-east-1',
    endpoint: endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL,
  }
}

/** One section of the file that Amazon's own tools write. */
function profileFrom(env: NodeJS.ProcessEnv): Record<string, string> {
  const file = env.AWS_SHARED_CREDENTIALS_FILE ?? join(env.HOME ?? homedir(), '.aws', 'credentials')
  if (!existsSync(file)) return {}
  const facts: Record<string, string> = {}
  let inside = false
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)
    if (section) inside = section[1] === (env.AWS_PROFILE ?? 'default')
    const fact = /^\s*([a-z_]+)\s*=\s*(\S+)\s*$/.exec(line)
    if (inside && fact) facts[fact[1]!] = fact[2]!
  }
  return facts
}
