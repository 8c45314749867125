import { type RefObject, useRef } from 'react'

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

/** A chart's menu: as picture, as drawing, as numbers. */
export function Download({
  chart,
  name,
  title,
  table,
}: {
  chart: RefObject<SVGSVGElement | null>
  name: string
  title: string
  table: () => Table
}) {
  const menu = useRef<HTMLDetailsElement>(null)
  const then = (save: () => void | Promise<void>) => async () => {
    if (menu.current) menu.current.open = false
    await save()
  }
  return (
    <details
      className="menu"
      ref={menu}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false
      }}
    >
      <summary>Download</summary>
      <div className="menu-list">
        <button type="button" onClick={then(() => save(svgOf(chart.current!, title), `${name}.svg`, 'image/svg+xml'))}>
          SVG
        </button>
        <button
          type="button"
          onClick={then(async () => save(await pngOf(chart.current!, title), `${name}.png`, 'image/png'))}
        >
          PNG
        </button>
        <button type="button" onClick={then(() => save(csvOf(table()), `${name}.csv`, 'text/csv'))}>
          CSV
        </button>
      </div>
    </details>
  )
}

function save(content: string | Blob, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}

/** RFC 4180: quoted where it must be. */
export function csvOf({ columns, rows }: Table): string {
  const cell = (value: string | number | null) => {
    const text = value === null ? '' : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

/** What the page's stylesheet gives an element must stand in the file itself. */
const INLINED = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'stroke-linecap',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'visibility',
]
const TITLE_HEIGHT = 34

function svgOf(chart: SVGSVGElement, title: string): string {
  const { width, height } = chart.getBoundingClientRect()
  const copy = chart.cloneNode(true) as SVGSVGElement
  const originals = chart.querySelectorAll<SVGElement>('*')
  copy.querySelectorAll<SVGElement>('*').forEach((element, i) => {
    const seen = getComputedStyle(originals[i]!)
    for (const property of INLINED) element.style.setProperty(property, seen.getPropertyValue(property))
    element.removeAttribute('class')
  })
  for (const hidden of copy.querySelectorAll('[data-screen-only]')) hidden.remove()
  const page = getComputedStyle(chart)
  const surface = getComputedStyle(chart.closest('.panel') ?? document.body).backgroundColor
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + TITLE_HEIGHT}" width="${width}" height="${
    height + TITLE_HEIGHT
  }"><rect width="100%" height="100%" fill="${surface}"/><text x="12" y="22" font-family="system-ui, sans-serif" font-size="14" font-weight="600" fill="${
    page.color
  }">${title.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text><g transform="translate(0 ${TITLE_HEIGHT})">${
    copy.innerHTML
  }</g></svg>`
}

async function pngOf(chart: SVGSVGElement, title: string): Promise<Blob> {
  const drawing = svgOf(chart, title)
  const image = new Image()
  image.src = URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' }))
  await image.decode()
  const canvas = document.createElement('canvas')
  // Twice as fine as on the page, for slides and print.
  canvas.width = image.width * 2
  canvas.height = image.height * 2
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
  URL.revokeObjectURL(image.src)
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture could not be made.'))), 'image/png'),
  )
}
