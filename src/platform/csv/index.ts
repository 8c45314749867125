export { type CsvTable, CsvUnreadable, readCsv } from './csv.ts'
