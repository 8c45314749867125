import type { HttpServer } from '#platform/http'
import { pictureRoutes } from './contract.ts'
import type { PictureProfiles } from './picture-profiles.ts'

export function mountPictureProfiles(http: HttpServer, profiles: PictureProfiles): void {
  http.mount('data-pictures', pictureRoutes, {
    getPictureProfile: ({ params }) => profiles.state(params.version),
    listPictures: ({ params, query }) => profiles.list(params.version, query),
    getPicture: ({ params }) => profiles.picture(params.version, params.number),
    profilePictures: ({ params }) => profiles.start(params.version),
  })
}
