import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type YAMLError,
} from 'yaml'
import { Draft, type Mapping, unreadable } from './draft.ts'
import { type Environment, expand } from './expand.ts'
import type { Path, Place, Problem } from './problem.ts'

/** Values in a file, counted where aliases repeat them: what stops an alias bomb. */
const valuesMax = 100_000
const depthMax = 32

/** A file as a draft. Where its text is no YAML, it `isBroken` and the draft is empty. */
export interface YamlFile {
  readonly draft: Draft
  readonly problems: Problem[]
  readonly isBroken: boolean
}

/** Reads YAML into a draft and puts environment variables into its texts. */
export function readYaml(text: string, file: string, environment: Environment): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const reader = new YamlReader(document, file, lines, environment)
  let reportedLine = 0
  for (const error of [...document.errors, ...document.warnings]) {
    // One slip makes several errors: the first one of a line is the one to read.
    const { line } = lines.linePos(error.pos[0])
    if (line !== reportedLine) {
      reader.report(error.pos[0], [], sentence(error, lineAt(text, error.pos[0])))
    }
    reportedLine = line
  }
  const isBroken = document.errors.some((error) => error.code !== 'DUPLICATE_KEY')
  if (!isBroken && document.contents !== null) reader.readRoot(document.contents)
  return { draft: reader.draft, problems: reader.problems, isBroken }
}

class YamlReader {
  readonly draft = new Draft()
  readonly problems: Problem[] = []
  readonly #document: Document
  readonly #file: string
  readonly #lines: LineCounter
  readonly #environment: Environment
  #values = 0
  #isTooLarge = false

  constructor(document: Document, file: string, lines: LineCounter, environment: Environment) {
    this.#document = document
    this.#file = file
    this.#lines = lines
    this.#environment = environment
  }

  readRoot(contents: ParsedNode): void {
    this.draft.note([], { place: this.#placeAt(contents.range[0]) })
    const value = this.#read(contents, [])
    if (value !== null) this.draft.root = value
  }

  report(offset: number, path: Path, message: string): void {
    const place = this.#placeAt(offset)
    this.problems.push({ place, path: this.draft.describe(path), message })
  }

  #read(node: Node | null, path: Path): unknown {
    if (node === null) return null
    const offset = node.range?.[0] ?? 0
    if (++this.#values > valuesMax || path.length > depthMax) return this.#refuseSize(offset, path)
    this.draft.note(path, { place: this.#placeAt(offset) })
    if (isAlias(node)) return this.#readAlias(node, offset, path)
    if (isMap(node)) {
      const mapping: Mapping = Object.create(null)
      for (const pair of node.items)
        this.#readPair(pair.key as Node, pair.value as Node, path, mapping)
      return mapping
    }
    if (isSeq(node))
      return node.items.map((item, index) => this.#read(item as Node, [...path, index]))
    if (!isScalar(node)) return null
    if (typeof node.value !== 'string' || !node.value.includes('${')) return node.value
    return this.#expand(node.value, offset, path)
  }

  #readAlias(alias: Alias, offset: number, path: Path): unknown {
    const target = alias.resolve(this.#document)
    if (target !== undefined) return this.#read(target, path)
    this.report(offset, path, 'no anchor has this name; wanted: an & with it, further up')
    return unreadable
  }

  #refuseSize(offset: number, path: Path): symbol {
    if (!this.#isTooLarge) {
      const wanted = `at most ${valuesMax} values, ${depthMax} deep`
      this.report(offset, path.slice(0, 4), `there is too much in this file; wanted: ${wanted}`)
    }
    this.#isTooLarge = true
    return unreadable
  }

  #readPair(key: Node, value: Node | null, path: Path, mapping: Mapping): void {
    if (!isScalar(key)) {
      this.report(key?.range?.[0] ?? 0, path, 'a key is a list or a mapping; wanted: a word')
      return
    }
    const inside = [...path, String(key.value)]
    const place = this.#placeAt(key.range?.[0] ?? 0)
    mapping[String(key.value)] = this.#read(value, inside)
    this.draft.noteKey(inside, place)
    if (mapping[String(key.value)] === null) this.draft.note(inside, { place })
  }

  #expand(source: string, offset: number, path: Path): unknown {
    const expansion = expand(source, this.#environment)
    if ('because' in expansion) {
      this.report(offset, path, expansion.because)
      return unreadable
    }
    if (expansion.isExpanded) this.draft.note(path, { place: this.#placeAt(offset), source })
    return expansion.text
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { kind: 'file', file: this.#file, line, column: col }
  }
}

/** The parser's words without what it quotes from the file, which may be a secret. */
function sentence(error: YAMLError, line: string): string {
  if (error.code === 'DUPLICATE_KEY') return 'this key is here twice; wanted: once'
  const text = error.message.replace(/:? "(?:[^"\\]|\\.)*"$/s, '').split('\n', 1)[0] as string
  const wanted = /[{,].*\$\{/.test(line) ? 'quotes around a text with ${ inside { }' : 'YAML'
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}; wanted: ${wanted}`
}

function lineAt(text: string, offset: number): string {
  const end = text.indexOf('\n', offset)
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, end < 0 ? text.length : end)
}
