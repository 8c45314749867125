/** Folders that name a part of a split, as people write them. */
const PARTS: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
}

const PICTURE = /\.(jpe?g|jfif|png|webp|gif)$/i

/** Whether a file is a picture by its name; what it really is, its bytes tell. */
export function isPicture(path: string): boolean {
  return PICTURE.test(path)
}

/** `train/cat/1.jpg` is in the part `train` and the class `cat`; the folder nearest to a picture names its class. */
export function placeOfPicture(path: string): { part: string | null; class: string | null } {
  const folders = path.split('/').slice(0, -1)
  const at = folders.findIndex((folder) => Object.hasOwn(PARTS, folder.toLowerCase()))
  const named = folders.filter((_, i) => i !== at)
  return { part: at < 0 ? null : PARTS[folders[at]!.toLowerCase()]!, class: named.at(-1) ?? null }
}
