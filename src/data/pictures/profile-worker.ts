/** The child process in which a server has a folder of pictures profiled; it has children of its own that decode. */
import { serveAsChild } from '#platform/process'
import type { PictureExpectation } from '#projects/contract'
import { eachEntryOf } from '../files/dataset.ts'
import { profilePictures } from './profile-pictures.ts'
import type { PictureHome } from './thumbnails.ts'

export interface ProfileWork {
  readonly home: PictureHome
  readonly dataset: string
  /** `sha256:…` of a folder's list of files. */
  readonly version: string
  readonly expect: readonly PictureExpectation[]
}

serveAsChild<ProfileWork>(async ({ home, dataset, version, expect }, progress) => {
  const entries = () => eachEntryOf(home, { kind: 'folder', version, bytes: 0 })
  let told = 0
  const measured = (done: number, of: number) => {
    if (done < of && Date.now() - told < 200) return
    told = Date.now()
    progress(`${done} of ${of} pictures measured`, done / of)
  }
  const { pictures } = await profilePictures(home, { dataset, version, entries }, { expect, measured })
  return { pictures }
})
