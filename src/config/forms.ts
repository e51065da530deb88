import { type Form, patternOrVariable, Wrong } from './form.ts'

/** A text. `pattern` is what it must match as a whole, `wanted` says so in words. */
export function text(wanted: string, pattern = /^.*$/su): Form<string> {
  return {
    wanted,
    json: { type: 'string' },
    read: (written) => {
      if (typeof written === 'number') return new Wrong('is a number, not a text: put it in quotes')
      if (typeof written !== 'string') return new Wrong('is not a text')
      return pattern.test(written) ? written : new Wrong('is not allowed')
    },
  }
}

/** `true` or `false`. */
export function flag(): Form<boolean> {
  return {
    wanted: 'true or false',
    json: { type: ['boolean', 'string'], pattern: patternOrVariable('true|false') },
    read: (written) => {
      if (typeof written === 'boolean') return written
      if (written === 'true') return true
      return written === 'false' ? false : new Wrong('is neither true nor false')
    },
  }
}

/** One of some words. `later` are words of features to come, which get an answer of their own. */
export function choice<const Word extends string>(
  words: readonly Word[],
  later: readonly string[] = [],
): Form<Word> {
  return {
    wanted: inWords(words),
    json: { type: 'string', anyOf: [{ enum: words }, { pattern: '\\$\\{[A-Z_]' }] },
    read: (written) => {
      const word = words.find((candidate) => candidate === written)
      if (word !== undefined) return word
      const isLater = typeof written === 'string' && later.includes(written)
      return new Wrong(isLater ? 'is not there yet in this version' : 'is not one of the values')
    },
  }
}

/** `a, b or c`. */
export function inWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
