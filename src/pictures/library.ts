import type Sharp from 'sharp'

export type Library = typeof Sharp

// Loaded on first use: most servers never see a picture.
let library: Promise<Library> | undefined

/**
 * sharp, with every loader blocked but those of JPEG and PNG from memory: libvips can also read SVG, PDF and what
 * ImageMagick knows, and each is a way in.
 */
export function loadLibrary(): Promise<Library> {
  library ??= import('sharp').then(({ default: sharp }) => {
    sharp.block({ operation: ['VipsForeignLoad'] })
    sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer'] })
    // Requests are the parallelism, and no picture comes twice.
    sharp.concurrency(1)
    sharp.cache(false)
    return sharp
  })
  return library
}
