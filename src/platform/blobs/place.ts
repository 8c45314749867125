/** Where a folder of blobs keeps the bytes of this hash, given as 64 hex digits. */
export const blobPlace = (folder: string, hex: string): string => `${folder}/${hex.slice(0, 2)}/${hex}`
