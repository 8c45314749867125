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

/** Those that are not taken are among them: a folder of HEIC from a telephone is a folder of pictures, and is to be told so. */
const PICTURE = /\.(jpe?g|jfif|png|webp|gif|hei[cf]|avif|tiff?|bmp|jxl|jp2|svg)$/i

/** Whether a file is a picture by its name; what it really is, its bytes tell. */
export function isPicture(path: string): boolean {
  return PICTURE.test(path)
}

/**
 * `train/cat/1.jpg` is in the part `train` and the class `cat`; the folder nearest to a picture names its class.
 *
 * @returns the folder above it, too: see `WITHOUT_SHELVES`
 */
export function placeOfPicture(path: string): { part: string | null; class: string | null; above: string | null } {
  const folders = path.split('/').slice(0, -1)
  const at = folders.findIndex((folder) => Object.hasOwn(PARTS, folder.toLowerCase()))
  const named = folders.filter((_, i) => i !== at)
  const part = at < 0 ? null : PARTS[folders[at]!.toLowerCase()]!
  return { part, class: named.at(-1) ?? null, above: named.at(-2) ?? null }
}

/**
 * A hundred thousand pictures lie on shelves: `cat/000/1.jpg`, `dog/000/2.jpg`. Where all of the nearest folders are numbers and
 * lie in several others, those are the classes; `0/1.png` and `1/2.png` are classes themselves.
 */
export const WITHOUT_SHELVES = `
  update temp.files set class = above where not exists (
    select 1 from temp.files where above is null or class is null or class glob '*[^0-9]*'
  ) and (select count(distinct above) from temp.files) > 1`
