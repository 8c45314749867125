import { readToken } from '../shell/token.ts'

/**
 * Sends a file as it is read from the disk, and says how far it is: `fetch` does not tell.
 *
 * @throws Error in the server's words
 */
export function sendFile(
  project: string,
  dataset: string,
  file: File,
  progress: (share: number) => void,
): Promise<void> {
  const [where, what] = [encodeURIComponent(project), encodeURIComponent(dataset)]
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/api/projects/${where}/sources/${what}/uploads?name=${encodeURIComponent(file.name)}`)
    request.setRequestHeader('content-type', 'application/octet-stream')
    const token = readToken()
    if (token) request.setRequestHeader('authorization', `Bearer ${token}`)
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0)
    request.onerror = () => reject(new Error('The connection was cut. Send it again.'))
    request.onload = () => {
      if (request.status < 300) return resolve()
      const error = parsed(request.responseText)
      reject(new Error(error ? `${error.message} ${error.hint}` : `It answered ${request.status}.`))
    }
    request.send(file)
  })
}

function parsed(text: string): { message: string; hint: string } | undefined {
  try {
    return JSON.parse(text).error
  } catch {
    return undefined
  }
}
