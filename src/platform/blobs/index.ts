export { BlobDamaged, BlobMissing } from './errors.ts'
export { type Blobs, openBlobFolder, type StoredBlob } from './folder.ts'
export { blobPlace } from './place.ts'
