/** Folders of pictures. A door of its own, as that of files: what a command that profiles them needs and no more. */
export type { AlikePictures, PictureProfile } from './contract.ts'
export type { DescribedPicture } from './described.ts'
export { NoPictures } from './errors.ts'
export { profiledPictures, profilePictures } from './profile-pictures.ts'
