/** A part of something that is measured later, such as the room on a disk. */
export class Share {
  /** 1 … 100. */
  readonly percent: number

  constructor(percent: number) {
    this.percent = percent
  }

  /** The whole bytes of this part. */
  of(bytes: number): number {
    return Math.floor((bytes * this.percent) / 100)
  }
}
