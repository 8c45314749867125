import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Endpoint } from '#deployments/contract'
import type { Signature } from '#registry/contract'
import { InlineFailure } from '../shell/failure.tsx'
import { Answer } from './answer.tsx'
import { AsCode } from './as-code.tsx'
import { predictPicture } from './ask-endpoint.ts'

/** A picture of one's own through the real route. */
export function TryPicture({ endpoint, signature }: { endpoint: Endpoint; signature: Signature }) {
  const [file, setFile] = useState<File>()
  const seen = useObjectUrl(file)
  const predict = useMutation({ mutationFn: (picture: File) => predictPicture(endpoint.name, picture) })
  const written = file ?? { name: 'picture.jpg', type: 'image/jpeg' }
  return (
    <div className="try">
      <div>
        <label className="try-file">
          Picture
          <input
            type="file"
            accept="image/jpeg,image/png"
            onChange={(event) => {
              const chosen = event.target.files?.[0]
              setFile(chosen)
              predict.reset()
              if (chosen) predict.mutate(chosen)
            }}
          />
        </label>
        {seen && <img className="try-picture" src={seen} alt={file?.name ?? ''} />}
        <AsCode
          requests={{
            '/predict': {
              url: `${location.origin}/predict/${endpoint.name}`,
              body: undefined,
              file: { name: written.name, type: written.type },
            },
          }}
        />
      </div>
      <div className="try-answer" aria-live="polite">
        {predict.isError && <InlineFailure error={predict.error} />}
        {predict.data && <Answer endpoint={endpoint} signature={signature} answer={predict.data} />}
        {!predict.data && !predict.isError && (
          <p className="note">
            {predict.isPending
              ? 'Asking…'
              : 'Choose a JPEG or PNG. The answer is logged like any other and can be traced; it counts as traffic.'}
          </p>
        )}
      </div>
    </div>
  )
}

/** An address under which the page can show a file that was chosen. */
function useObjectUrl(file: File | undefined): string | undefined {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (!file) return setUrl(undefined)
    const made = URL.createObjectURL(file)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [file])
  return url
}
