/** An export cannot be taken in: where in it, what is wrong, and what is wanted. */
export class ExportDamaged extends Error {
  override name = 'ExportDamaged'
}

/** An import cannot be done, whatever the export is: what is in the way, and what to do about it. */
export class ImportRefused extends Error {
  override name = 'ImportRefused'
}
