export { lookOf, PICTURE_STATISTICS, type PictureLook, type PictureSize, type PictureStatistics } from './contract.ts'
export { type Chance, type Disturbance, disturb, disturbanceName } from './disturb.ts'
export { PictureBroken, PictureKindRefused, PictureTooLarge } from './errors.ts'
export {
  type Measured,
  MEASURED_LIMITS,
  type MeasuredPicture,
  measurePicture,
  type UnreadablePicture,
} from './measure.ts'
export { type OcclusionMap, type OcclusionOptions, occlusionOf } from './occlusion.ts'
export { overlayOf, pngOf } from './overlay.ts'
export {
  DEFAULT_PICTURE_LIMITS,
  type Picture,
  type PictureLimits,
  readPicture,
} from './read-picture.ts'
export type { Pixels } from './pixels.ts'
export { contactSheet } from './sheet.ts'
export { statisticsOf } from './statistics.ts'
export { type TensorForm, tensorOf } from './tensor.ts'
export { thumbnailOf } from './thumbnail.ts'
