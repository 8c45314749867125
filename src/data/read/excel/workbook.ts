import { EXCEL } from '../../limits.ts'
import { showsTime } from './dates.ts'
import { attribute, scanXml } from './xml-rows.ts'
import type { ZipParts } from './zip-parts.ts'

export interface Workbook {
  /** In the order of the tabs, each with its part. */
  sheets: { name: string; part: string }[]
  calendar: 1900 | 1904
  /** By the number of a cell's style: whether it shows a time. */
  times: boolean[]
  /** Texts that cells share, by number. */
  strings: string[]
}

/** What a workbook says beside its sheets. */
export async function readWorkbook(parts: ZipParts): Promise<Workbook> {
  const main = (await related(parts, '_rels/.rels', '')).find(({ type }) => type === 'officeDocument')?.part
  const part = main ?? 'xl/workbook.xml'
  const folder = part.includes('/') ? part.slice(0, part.lastIndexOf('/') + 1) : ''
  const relations = await related(parts, `${folder}_rels/${part.slice(folder.length)}.rels`, folder)
  const sheets: Workbook['sheets'] = []
  let calendar: Workbook['calendar'] = 1900
  await scanXml(await parts.open(part, EXCEL.part), {
    open: (name, attributes) => {
      if (name === 'workbookPr' && /^(1|true)$/.test(attributes.date1904 ?? '')) calendar = 1904
      if (name !== 'sheet') return
      const target = relations.find(({ id }) => id === attribute(attributes, 'id'))
      if (target?.type === 'worksheet') sheets.push({ name: attributes.name ?? '', part: target.part })
    },
  })
  const partOf = (type: string) => relations.find((one) => one.type === type && parts.has(one.part))?.part
  return {
    sheets,
    calendar,
    times: await timeStyles(parts, partOf('styles')),
    strings: await sharedStrings(parts, partOf('sharedStrings')),
  }
}

async function related(parts: ZipParts, part: string, folder: string) {
  const found: { id: string; type: string; part: string }[] = []
  if (!parts.has(part)) return found
  await scanXml(await parts.open(part, EXCEL.part), {
    open: (name, { Id = '', Type = '', Target = '' }) => {
      if (name !== 'Relationship') return
      const at = Target.startsWith('/') ? Target.slice(1) : folder + Target
      found.push({ id: Id, type: Type.slice(Type.lastIndexOf('/') + 1), part: at })
    },
  })
  return found
}

async function timeStyles(parts: ZipParts, part: string | undefined): Promise<boolean[]> {
  const styles: boolean[] = []
  if (!part) return styles
  const codes = new Map<number, string>()
  let inCells = false
  await scanXml(await parts.open(part, EXCEL.part), {
    open: (name, attributes) => {
      if (name === 'numFmt') codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '')
      if (name === 'cellXfs') inCells = true
      if (name !== 'xf' || !inCells) return
      const id = Number(attributes.numFmtId ?? 0)
      styles.push(showsTime(id, codes.get(id)))
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false
    },
  })
  return styles
}

/** A text may come in runs of different looks; how it is to be pronounced (`rPh`) is no part of it. */
async function sharedStrings(parts: ZipParts, part: string | undefined): Promise<string[]> {
  const strings: string[] = []
  if (!part) return strings
  let [held, inText, aside] = ['', false, false]
  await scanXml(await parts.open(part, EXCEL.strings), {
    open: (name) => {
      if (name === 'si') held = ''
      if (name === 'rPh') aside = true
      inText = name === 't' && !aside
    },
    text: (text) => {
      if (inText) held += text
    },
    close: (name) => {
      if (name === 't') inText = false
      if (name === 'rPh') aside = false
      if (name === 'si') strings.push(held)
    },
  })
  return strings
}
