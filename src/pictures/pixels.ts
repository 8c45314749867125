/** What a model sees: 8 bits a channel, rows from the top, channels side by side. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  /** height × width × channels. */
  readonly data: Uint8Array
}
