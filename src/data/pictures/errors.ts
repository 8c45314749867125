import { OrreryError } from '#platform/errors'

export class PictureUnread extends OrreryError {
  constructor(path: string, reason: string) {
    super({
      code: 'ORRERY_DATA_PICTURE_UNREAD',
      status: 409,
      message: `A picture of the version cannot be read from the store (${reason}): ${path}.`,
      hint: 'Bring the version here: orrery data pull.',
    })
  }
}

export class NoPictures extends OrreryError {
  constructor(dataset: string) {
    super({
      code: 'ORRERY_DATA_NO_PICTURES',
      status: 422,
      message: `${dataset} has no pictures: no file in it ends with .jpg, .png, .webp or .gif.`,
      hint: 'Profile a folder of pictures; a table is profiled when it becomes a version.',
    })
  }
}

export class PicturesNotProfiled extends OrreryError {
  constructor(dataset: string) {
    super({
      code: 'ORRERY_DATA_PICTURES_NOT_PROFILED',
      status: 409,
      message: `What the pictures of this version of ${dataset} are like is not known yet.`,
      hint: 'Profile it first: orrery data profile <path>, or the button on its page.',
    })
  }
}

export class PictureNotFound extends OrreryError {
  constructor(dataset: string, number: number) {
    super({
      code: 'ORRERY_DATA_PICTURE_NOT_FOUND',
      status: 404,
      message: `This version of ${dataset} has no picture ${number}.`,
      hint: 'Pictures are numbered from 0 in the order of their paths.',
    })
  }
}

export class PictureGone extends OrreryError {
  constructor(hash: string | null, file: string | null) {
    super({
      code: 'ORRERY_DATA_PICTURE_GONE',
      status: 409,
      message: `The picture ${file ?? hash ?? 'without a name'} is gone, or is another one by now.`,
      hint: 'Bring the file back, or make a new version of the folder as it is; `orrery data add` keeps the bytes of a version.',
      details: { hash },
    })
  }
}

export class PicturesBroken extends OrreryError {
  constructor(source: string, broken: readonly { file: string; reason: string }[], files: number) {
    const [first] = broken
    super({
      code: 'ORRERY_DATA_PICTURES_BROKEN',
      status: 422,
      message: `${broken.length} of ${files} pictures below "${source}" cannot be decoded, the first is ${first?.file}: ${first?.reason}`,
      hint: 'Copy them again, or take them out; up to 1 % of the files are left out with a word.',
      details: { files: broken.slice(0, 100).map(({ file }) => file) },
    })
  }
}

/** A folder that is to be a table of labelled pictures. */
export class NoLabelledPictures extends OrreryError {
  constructor(source: string) {
    super({
      code: 'ORRERY_DATA_NO_LABELLED_PICTURES',
      status: 422,
      message: `There is no JPEG or PNG file below "${source}".`,
      hint: 'Name a folder whose folders are named like the labels: pictures/cat/1.jpg, pictures/dog/2.jpg.',
    })
  }
}
