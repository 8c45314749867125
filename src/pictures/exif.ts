import readExif from 'exif-reader'

const OWNERS = ['Artist', 'Copyright', 'CameraOwnerName', 'OwnerName', 'XPAuthor'] as const
const DEVICES = ['BodySerialNumber', 'SerialNumber', 'LensSerialNumber', 'CameraSerialNumber', 'HostComputer'] as const

/** What EXIF tells of a person: where they were, who they are, which device is theirs. */
export function personalExif(exif: Buffer): ('place' | 'owner' | 'device')[] {
  let read: ReturnType<typeof readExif>
  try {
    read = readExif(exif)
  } catch {
    return []
  }
  const said = { ...read.Image, ...read.Photo } as Record<string, unknown>
  const has = (keys: readonly string[]) => keys.some((key) => !isBlank(said[key]))
  return [
    ...(read.GPSInfo?.GPSLatitude === undefined ? [] : (['place'] as const)),
    ...(has(OWNERS) ? (['owner'] as const) : []),
    ...(has(DEVICES) ? (['device'] as const) : []),
  ]
}

const isBlank = (value: unknown) => value === undefined || value === null || String(value).trim() === ''
