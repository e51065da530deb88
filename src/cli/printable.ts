/**
 * A text of somebody else's as a terminal may have it: what would move the cursor, or hide what
 * follows, is written as \x1b or \u202e; line ends and tabs stay where they may.
 */
export function printable(text: string, keepsLines = false): string {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) => {
    if (keepsLines && (character === '\n' || character === '\t')) return character
    const code = character.charCodeAt(0)
    const hex = code.toString(16)
    return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
  })
}
